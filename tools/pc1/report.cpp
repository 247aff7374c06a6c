// Rendering the results.
#include "tools/pc1/report.h"

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

namespace pc1 {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

double ns_per_node(double seconds, std::uint64_t nodes) {
    return seconds * 1e9 / static_cast<double>(nodes);
}

const char* to_text(Allocation allocation) {
    return allocation == Allocation::kMmap ? "mmap" : "calloc";
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
    return options.parents_in_memory
               ? fmt::format("in memory, computed in {:.3f} s by {}", result.parents_seconds,
                             counted(result.parents_threads, "thread"))
               : fmt::format("computed for each layer anew, tables made in {:.3f} s", result.parents_seconds);
}

std::string threads_text(const Options& options) {
    if (options.crew.producers == 0) {
        return "one for all";
    }
    return fmt::format("one hashing, {} (lookahead {}, stride {})",
                       counted(options.crew.producers, "producer"), options.crew.lookahead,
                       options.crew.stride);
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

std::string fact(const char* name, const std::string& value) {
    return fmt::format("{:<14}{}\n", name, value);
}

std::string sector_facts(const Sector& sector, const std::string& stretch = {}) {
    return fact("Sector size", fmt::format("{}, {} nodes", size_text(sector.bytes), sector.nodes())) +
           stretch + fact("API version", std::string(to_text(sector.api_version))) +
           fact("PoRep id", to_hex(sector.porep_id));
}

Json sector_object(const char* program, const Sector& sector) {
    return {{"schema_version", kSchemaVersion},
            {"program", program},
            {"version", PC1_VERSION},
            {"sector_size", sector.bytes},
            {"nodes", sector.nodes()},
            {"api_version", to_text(sector.api_version)},
            {"porep_id", to_hex(sector.porep_id)}};
}

std::string dump(const Json& object) {
    constexpr int kIndent = 2;
    return object.dump(kIndent) + "\n";
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
    constexpr std::pair<std::uint64_t, const char*> kBinary[] = {
        {1ULL << 40, "TiB"}, {1ULL << 30, "GiB"}, {1ULL << 20, "MiB"}, {1ULL << 10, "KiB"}};
    for (const auto& [unit, name] : kBinary) {
        if (bytes >= unit) {
            return fmt::format("{:.{}f} {}", static_cast<double>(bytes) / static_cast<double>(unit),
                               bytes % unit == 0 ? 0 : 1, name);
        }
    }
    return std::to_string(bytes) + " bytes";
}

std::string as_table(const Options& options, const Result& result) {
    const Sector& sector = options.sector;
    const std::string stretch =
        options.is_whole() ? ""
                           : fact("Stretch", fmt::format("nodes {} to {}; all other labels are pseudo-random",
                                                         options.nodes.first, options.nodes.last - 1));
    std::string text = sector_facts(sector, stretch);
    text += fact("Replica id", to_hex(options.replica_id));
    text += fact("SHA-256", options.sha256->name);
    text += fact("Buffers",
                 fmt::format("2 x {} by {}, {}, got in {:.3f} s", size_text(sector.bytes),
                             to_text(options.allocation), lock_text(options, result), result.memory_seconds));
    text += fact("Pages", pages_text(result.pages));
    text += fact("Parents", parents_text(options, result));
    text += fact("Threads", threads_text(options));
    text += fmt::format("\n{:>5}  {:>10}  {:>8}\n", "Layer", "Seconds", "ns/node");
    for (const LayerResult& layer : result.layers) {
        text += fmt::format("{:>5}  {:>10.3f}  {:>8.1f}\n", layer.number, layer.seconds,
                            ns_per_node(layer.seconds, options.nodes.size()));
    }
    if (options.digest) {
        text += fmt::format("\n{:>5}  SHA-256 of the {}\n", "Layer",
                            options.is_whole() ? "layer" : "stretch (no layer's digest)");
        for (const LayerResult& layer : result.layers) {
            text += fmt::format("{:>5}  {}\n", layer.number, to_hex(*layer.digest));
        }
    }
    return text;
}

std::string as_table(const ParentsOptions& options, const ParentsResult& result) {
    const std::uint64_t nodes = options.sector.nodes();
    return sector_facts(options.sector) +
           fact("Parents",
                fmt::format("{} bytes in {:.3f} s, {:.1f} ns/node, by {}", nodes * sizeof(ParentRow),
                            result.seconds, ns_per_node(result.seconds, nodes),
                            counted(options.threads, "thread"))) +
           fact("SHA-256", to_hex(result.digest));
}

std::string as_json(const Options& options, const Result& result) {
    Json layers = Json::array();
    for (const LayerResult& layer : result.layers) {
        Json entry{{"layer", layer.number},
                   {"seconds", layer.seconds},
                   {"ns_per_node", ns_per_node(layer.seconds, options.nodes.size())}};
        if (layer.digest) {
            entry[options.is_whole() ? "sha256" : "sha256_of_stretch"] = to_hex(*layer.digest);
        }
        layers.push_back(std::move(entry));
    }
    Json object = sector_object("pc1-label", options.sector);
    object.update({{"replica_id", to_hex(options.replica_id)},
                   {"sha256_implementation", options.sha256->name},
                   {"producers", options.crew.producers},
                   {"lookahead", options.crew.lookahead},
                   {"stride", options.crew.stride},
                   {"alloc", to_text(options.allocation)},
                   {"locked", result.locked_buffers == kBuffers},
                   {"locked_buffers", result.locked_buffers},
                   {"memory_seconds", result.memory_seconds},
                   {"parents", options.parents_in_memory ? "memory" : "compute"},
                   {"parents_seconds", result.parents_seconds},
                   {"parents_threads", result.parents_threads}});
    if (!options.is_whole()) {
        object["stretch"] = {{"first_node", options.nodes.first}, {"nodes", options.nodes.size()}};
    }
    object["pages"] = pages_as_json(result.pages);
    object["layers"] = std::move(layers);
    return dump(object);
}

std::string as_json(const ParentsOptions& options, const ParentsResult& result) {
    Json object = sector_object("pc1-label parents", options.sector);
    object.update({{"threads", options.threads},
                   {"seconds", result.seconds},
                   {"bytes", options.sector.nodes() * sizeof(ParentRow)},
                   {"sha256", to_hex(result.digest)}});
    return dump(object);
}

}  // namespace pc1
