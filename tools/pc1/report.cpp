// Rendering the result.
#include "tools/pc1/report.h"

#include "tools/pc1/sector.h"

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

namespace pc1 {
namespace {

constexpr int kSchemaVersion = 1;

double ns_per_node(const LayerResult& layer, std::uint64_t nodes) {
    return layer.seconds * 1e9 / static_cast<double>(nodes);
}

std::string lock_text(const Options& options, const Result& result) {
    if (options.allocation == Allocation::kCalloc) {
        return "not locked (calloc never is)";
    }
    if (result.locked_buffers == kBuffers) {
        return "locked";
    }
    return result.locked_buffers == 0 ? "not locked" : "only one of them locked";
}

std::string fact(const char* name, const std::string& value) {
    return fmt::format("{:<14}{}\n", name, value);
}

}  // namespace

std::string as_table(const Options& options, const Result& result) {
    const std::string size = size_text(options.sector_size);
    std::string text;
    text += fact("Sector size", fmt::format("{}, {} nodes", size, result.nodes));
    text += fact("API version", std::string(to_text(options.api_version)));
    text += fact("PoRep id", to_hex(options.porep_id));
    text += fact("Replica id", to_hex(options.replica_id));
    text += fact("SHA-256", options.sha256->name);
    text +=
        fact("Buffers", fmt::format("2 x {} by {}, {}, got in {:.3f} s", size, to_text(options.allocation),
                                    lock_text(options, result), result.memory_seconds));
    text += fact("Parents",
                 fmt::format("computed in {:.3f} s by {} {}", result.parents_seconds, result.parents_threads,
                             result.parents_threads == 1 ? "thread" : "threads"));
    text += fmt::format("\n{:>5}  {:>10}  {:>8}\n", "Layer", "Seconds", "ns/node");
    for (const LayerResult& layer : result.layers) {
        text += fmt::format("{:>5}  {:>10.3f}  {:>8.1f}\n", layer.number, layer.seconds,
                            ns_per_node(layer, result.nodes));
    }
    if (options.digest) {
        text += fmt::format("\n{:>5}  SHA-256 of the layer\n", "Layer");
        for (const LayerResult& layer : result.layers) {
            text += fmt::format("{:>5}  {}\n", layer.number, to_hex(*layer.digest));
        }
    }
    if (options.output) {
        text += fmt::format("\nWritten to {}:\n", options.output->string());
        for (const LayerResult& layer : result.layers) {
            text += fmt::format("  {}\n", layer.file->filename().string());
        }
    }
    return text;
}

std::string as_json(const Options& options, const Result& result) {
    using Json = nlohmann::ordered_json;
    Json layers = Json::array();
    for (const LayerResult& layer : result.layers) {
        Json entry{{"layer", layer.number},
                   {"seconds", layer.seconds},
                   {"ns_per_node", ns_per_node(layer, result.nodes)}};
        if (layer.digest) {
            entry["sha256"] = to_hex(*layer.digest);
        }
        if (layer.file) {
            entry["file"] = layer.file->string();
        }
        layers.push_back(std::move(entry));
    }
    const Json object{{"schema_version", kSchemaVersion},
                      {"program", "pc1-label"},
                      {"version", PC1_VERSION},
                      {"sector_size", options.sector_size},
                      {"nodes", result.nodes},
                      {"api_version", to_text(options.api_version)},
                      {"porep_id", to_hex(options.porep_id)},
                      {"replica_id", to_hex(options.replica_id)},
                      {"sha256_implementation", options.sha256->name},
                      {"alloc", to_text(options.allocation)},
                      {"locked", result.locked_buffers == kBuffers},
                      {"locked_buffers", result.locked_buffers},
                      {"memory_seconds", result.memory_seconds},
                      {"parents_seconds", result.parents_seconds},
                      {"parents_threads", result.parents_threads},
                      {"layers", std::move(layers)}};
    constexpr int kIndent = 2;
    return object.dump(kIndent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pc1
