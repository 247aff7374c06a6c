// The reports for people.
#include "tools/common/values.h"
#include "tools/pc1/run.h"

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

namespace pc1 {
namespace {

std::string fact(const char* name, const std::string& value) {
    return fmt::format("{:<14}{}\n", name, value);
}

std::string text_in(const Json& object, const char* key) {
    return object.at(key).get<std::string>();
}

double number_in(const Json& object, const char* key) {
    return object.at(key).get<double>();
}

std::string sector_facts(const Json& report) {
    std::string text = fact("Sector size", fmt::format("{}, {} nodes", size_in(report, "sector_size"),
                                                       report.at("nodes").get<std::uint64_t>()));
    if (report.contains("stretch")) {
        text += fact("Stretch", fmt::format("the first {} nodes of each layer",
                                            report.at("stretch").at("nodes").get<std::uint64_t>()));
    }
    return text + fact("API version", text_in(report, "api_version")) +
           fact("PoRep id", text_in(report, "porep_id"));
}

std::string lock_text(const Json& report) {
    const int locked = report.at("locked_buffers");
    return text_in(report, "alloc") == "calloc" ? "not locked (calloc never is)"
           : locked == 2                        ? "locked"
           : locked == 0                        ? "not locked"
                                                : "only one of them locked";
}

// "2 MiB, 128.0 MiB on node 0"; sizes by semicolons, nodes by commas.
std::string pages_text(const Json& pages) {
    std::string text;
    for (const Json& some : pages) {
        text += (text.empty() ? "" : "; ") + size_in(some, "page_size");
        if (const std::uint64_t transparent = some.at("transparent"); transparent > 0) {
            text += fmt::format(", {} as THP", tools::size_text({transparent}));
        }
        for (const auto& [node, bytes] : some.at("nodes").items()) {
            text += fmt::format(", {} on node {}", tools::size_text({bytes.get<std::uint64_t>()}), node);
        }
    }
    return text.empty() ? "not known" : text;
}

}  // namespace

std::string size_in(const Json& object, const char* key) {
    return tools::page_size_text({object.at(key).get<std::uint64_t>()});
}

std::string label_table(const Json& report) {
    const std::uint64_t producers = report.at("producers");
    std::string text = sector_facts(report);
    text += fact("Replica id", text_in(report, "replica_id"));
    text += fact("SHA-256", text_in(report, "sha256_implementation"));
    text += fact("Buffers", fmt::format("2 x {} by {}, {}, got in {:.3f} s", size_in(report, "sector_size"),
                                        text_in(report, "alloc"), lock_text(report),
                                        number_in(report, "memory_seconds")));
    text += fact("Pages", pages_text(report.at("pages")));
    text += fact("Threads",
                 producers == 0 ? "one for all" : "one hashing, " + tools::counted(producers, "producer"));
    text += fmt::format("\n{:>5}  {:>10}  {:>8}\n", "Layer", "Seconds", "ns/node");
    std::string digests;
    for (const Json& layer : report.at("layers")) {
        const int number = layer.at("layer");
        text += fmt::format("{:>5}  {:>10.3f}  {:>8.1f}\n", number, number_in(layer, "seconds"),
                            number_in(layer, "ns_per_node"));
        for (const char* key : {"sha256", "sha256_of_stretch"}) {
            digests += layer.contains(key) ? fmt::format("{:>5}  {}\n", number, text_in(layer, key)) : "";
        }
    }
    if (!digests.empty()) {
        text += fmt::format("\n{:>5}  SHA-256 of the {}\n", "Layer",
                            report.contains("stretch") ? "stretch (no layer's digest)" : "layer");
    }
    return text + digests;
}

std::string parents_table(const Json& report) {
    const double seconds = number_in(report, "seconds");
    return sector_facts(report) +
           fact("Parents", fmt::format("{} bytes in {:.3f} s, {:.1f} ns/node, by {}",
                                       report.at("bytes").get<std::uint64_t>(), seconds,
                                       seconds * 1e9 / number_in(report, "nodes"),
                                       tools::counted(report.at("threads").get<std::uint64_t>(), "thread"))) +
           fact("SHA-256", text_in(report, "sha256"));
}

}  // namespace pc1
