// Rendering the result.
#include "tools/pc1/report.h"

#include "tools/pc1/sector.h"

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace pc1 {
namespace {

using Json = nlohmann::ordered_json;

double ns_per_node(const LayerResult& layer, const Options& options) {
    return layer.seconds * 1e9 / static_cast<double>(options.nodes.size());
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

std::string counted(std::uint64_t count, const char* noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string parents_text(const Options& options, const Result& result) {
    if (std::ranges::all_of(result.layers, &LayerResult::resumed)) {
        return "not needed";
    }
    switch (options.parents) {
        case ParentsFrom::kCompute:
            return fmt::format("computed for each layer anew, tables made in {:.3f} s",
                               result.parents_seconds);
        case ParentsFrom::kMemory:
            return fmt::format("in memory, computed in {:.3f} s by {}", result.parents_seconds,
                               counted(result.parents_threads, "thread"));
        case ParentsFrom::kFile:
            return fmt::format("from a file, sampled in {:.3f} s", result.parents_seconds);
    }
    return {};
}

std::string threads_text(const Options& options) {
    if (options.crew.producers == 0) {
        return "one for all";
    }
    return fmt::format("one hashing, {} (lookahead {}, stride {})",
                       counted(options.crew.producers, "producer"), options.crew.lookahead,
                       options.crew.stride);
}

std::string cpus_text(const CpuChoice& cpus) {
    std::string text = cpus.cpus;
    text += cpus.cache.empty() ? "" : ", which share an " + cpus.cache + " cache";
    text += cpus.node ? fmt::format(", on node {}", *cpus.node) : "";
    return text;
}

// "2 MiB, 128 MiB on node 0"; sizes by commas, nodes too.
std::string pages_text(const std::vector<PagesOfSize>& pages) {
    std::string text;
    for (const PagesOfSize& some : pages) {
        text += fmt::format("{}{}", text.empty() ? "" : "; ", size_text(some.page_size));
        text += some.transparent == 0 ? "" : fmt::format(", {} as THP", size_text(some.transparent));
        for (const auto& [node, bytes] : some.nodes) {
            text += fmt::format(", {} on node {}", size_text(bytes), node);
        }
    }
    return text.empty() ? "not known" : text;
}

std::string layer_row(const LayerResult& layer, const Options& options) {
    if (layer.resumed) {
        return fmt::format("{:>5}  {:>10}\n", layer.number, "read");
    }
    return fmt::format("{:>5}  {:>10.3f}  {:>8.1f}\n", layer.number, layer.seconds,
                       ns_per_node(layer, options));
}

std::string fact(const char* name, const std::string& value) {
    return fmt::format("{:<14}{}\n", name, value);
}

}  // namespace

std::string as_table(const Options& options, const Result& result) {
    const std::string size = size_text(options.sector_size);
    std::string text;
    text += fact("Sector size", fmt::format("{}, {} nodes", size, options.sector_size / kNodeBytes));
    if (!options.is_whole()) {
        text += fact("Stretch", fmt::format("nodes {} to {}; all other labels are pseudo-random",
                                            options.nodes.first, options.nodes.last - 1));
    }
    text += fact("API version", std::string(to_text(options.api_version)));
    text += fact("PoRep id", to_hex(options.porep_id));
    text += fact("Replica id", to_hex(options.replica_id));
    text += fact("SHA-256", options.sha256->name);
    text +=
        fact("Buffers", fmt::format("2 x {} by {}, {}, got in {:.3f} s", size, to_text(options.allocation),
                                    lock_text(options, result), result.memory_seconds));
    text += fact("Pages", pages_text(result.pages));
    text += fact("Parents", parents_text(options, result));
    text += fact("Threads", threads_text(options));
    text += fact("CPUs", result.cpus ? cpus_text(*result.cpus) : "not bound");
    text += fmt::format("\n{:>5}  {:>10}  {:>8}\n", "Layer", "Seconds", "ns/node");
    for (const LayerResult& layer : result.layers) {
        text += layer_row(layer, options);
    }
    if (options.digest) {
        text += fmt::format("\n{:>5}  SHA-256 of the {}\n", "Layer",
                            options.is_whole() ? "layer" : "stretch (no layer's digest)");
        for (const LayerResult& layer : result.layers) {
            text += fmt::format("{:>5}  {}\n", layer.number, to_hex(*layer.digest));
        }
    }
    if (options.output) {
        text += fmt::format("\nLayers in {}:\n", options.output->string());
        for (const LayerResult& layer : result.layers) {
            text += fmt::format("  {}\n", layer.file->filename().string());
        }
    }
    return text;
}

std::string as_json(const Options& options, const Result& result) {
    Json layers = Json::array();
    for (const LayerResult& layer : result.layers) {
        Json entry{{"layer", layer.number}, {"resumed", layer.resumed}, {"seconds", layer.seconds}};
        if (!layer.resumed) {
            entry["ns_per_node"] = ns_per_node(layer, options);
        }
        if (layer.digest) {
            entry[options.is_whole() ? "sha256" : "sha256_of_stretch"] = to_hex(*layer.digest);
        }
        if (layer.file) {
            entry["file"] = layer.file->string();
        }
        layers.push_back(std::move(entry));
    }
    Json object{{"schema_version", kSchemaVersion},
                {"program", "pc1-label"},
                {"version", PC1_VERSION},
                {"sector_size", options.sector_size},
                {"nodes", options.sector_size / kNodeBytes},
                {"api_version", to_text(options.api_version)},
                {"porep_id", to_hex(options.porep_id)},
                {"replica_id", to_hex(options.replica_id)},
                {"sha256_implementation", options.sha256->name},
                {"producers", options.crew.producers},
                {"lookahead", options.crew.lookahead},
                {"stride", options.crew.stride},
                {"alloc", to_text(options.allocation)},
                {"locked", result.locked_buffers == kBuffers},
                {"locked_buffers", result.locked_buffers},
                {"memory_seconds", result.memory_seconds},
                {"parents", to_text(options.parents)},
                {"parents_seconds", result.parents_seconds},
                {"parents_threads", result.parents_threads}};
    if (result.cpus) {
        object["bound_to"] = {{"cpus", result.cpus->cpus}, {"cache", result.cpus->cache}};
        if (result.cpus->node) {
            object["bound_to"]["node"] = *result.cpus->node;
        }
    }
    if (!options.is_whole()) {
        object["stretch"] = {{"first_node", options.nodes.first}, {"nodes", options.nodes.size()}};
    }
    object["pages"] = pages_as_json(result.pages);
    object["layers"] = std::move(layers);
    constexpr int kIndent = 2;
    return object.dump(kIndent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pc1
