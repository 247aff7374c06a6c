// The phases of a labelling: the graph, two buffers, then layer by layer.
#include "tools/common/command_line.h"
#include "tools/common/log.h"
#include "tools/common/values.h"
#include "tools/pc1/commands.h"
#include "tools/pc1/hash.h"
#include "tools/pc1/label.h"
#include "tools/pc1/memory_pages.h"
#include "tools/pc1/sector_buffer.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace pc1 {
namespace {

// Everything is filled in: what the user left out has its default.
struct Options {
    Sector sector;
    std::uint32_t layers = 1;
    std::uint64_t nodes = 0;  // of each layer: the first ones, or all
    Bytes32 replica_id{};
    Allocation allocation = Allocation::kMmap;
    Crew crew;
    bool digest = false;

    [[nodiscard]] bool is_whole() const { return nodes == sector.nodes(); }
};

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return tools::Seconds(Clock::now() - start).count();
}

std::string per_second(std::uint64_t bytes, tools::Seconds elapsed) {
    constexpr double kGiB = 1 << 30;
    return fmt::format("{:.2f} GiB/s", static_cast<double>(bytes) / kGiB / elapsed.count());
}

// How many of the buffers are locked; says on stderr why others aren't.
std::ptrdiff_t locked(const std::vector<SectorBuffer>& buffers) {
    const auto count = std::ranges::count_if(buffers, &SectorBuffer::is_locked);
    const int error = std::ranges::max_element(buffers, {}, &SectorBuffer::lock_error)->lock_error();
    if (error != 0) {
        const char* hint = error == ENOMEM || error == EPERM ? "; see the limit in 'ulimit -l'" : "";
        tools::warn(fmt::format("memory is not locked ({} of {} buffers): mlock of {}: {}{}",
                                std::ssize(buffers) - count, buffers.size(),
                                tools::page_size_text({buffers.front().size()}), std::strerror(error), hint));
    }
    return count;
}

double label_layer(const Labeller& labeller, const Layer& layer, const Options& options) {
    tools::Progress progress(fmt::format("layer {} of {}", layer.number, options.layers), options.nodes,
                             per_node);
    const auto start = Clock::now();
    labeller.label(layer, {0, options.nodes}, [&progress](std::uint64_t done) { progress.update(done); });
    return seconds_since(start);
}

Bytes32 digest_of(const Layer& layer, const Options& options) {
    constexpr std::size_t kBytesAtATime = std::size_t{4} << 20;
    const std::span labels(layer.labels, kNodeBytes * options.nodes);
    tools::Progress progress(fmt::format("digest of layer {}", layer.number), labels.size(), per_second);
    Sha256 hash;
    for (std::size_t done = 0; done < labels.size();) {
        const std::size_t now = std::min(kBytesAtATime, labels.size() - done);
        hash.update(labels.subspan(done, now));
        done += now;
        progress.update(done);
    }
    return hash.finish();
}

Json label_sector(const Options& options) {
    Json report = report_on("pc1-label", options.sector);
    auto start = Clock::now();
    const Graph graph = options.sector.graph();
    const double graph_seconds = seconds_since(start);
    start = Clock::now();
    std::vector<SectorBuffer> buffers;
    for (int i = 0; i < 2; ++i) {
        buffers.emplace_back(options.allocation, options.sector.bytes);
    }
    report.update({{"replica_id", to_hex(options.replica_id)},
                   {"sha256_implementation", best_sha256_kernel().name},
                   {"producers", options.crew.producers},
                   {"alloc", options.allocation == Allocation::kMmap ? "mmap" : "calloc"},
                   {"memory_seconds", seconds_since(start)},
                   {"graph_seconds", graph_seconds},
                   {"locked_buffers", locked(buffers)}});
    if (!options.is_whole()) {
        report["stretch"] = {{"nodes", options.nodes}};
    }
    const Labeller labeller(options.replica_id, graph, best_sha256_kernel(), options.crew);
    Json layers = Json::array();
    for (std::uint32_t number = 1; number <= options.layers; ++number) {
        const Layer layer{.number = number, .previous = buffers[1].data(), .labels = buffers[0].data()};
        const double seconds = label_layer(labeller, layer, options);
        Json done = {{"layer", number},
                     {"seconds", seconds},
                     {"ns_per_node", seconds * 1e9 / static_cast<double>(options.nodes)}};
        if (options.digest) {
            done[options.is_whole() ? "sha256" : "sha256_of_stretch"] = to_hex(digest_of(layer, options));
        }
        layers.push_back(std::move(done));
        std::swap(buffers[0], buffers[1]);
    }
    report["pages"] = pages_of({buffers[0].bytes(), buffers[1].bytes()});
    report["layers"] = std::move(layers);
    return report;
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

}  // namespace

std::string label_command(int argc, const char* const* argv) {
    constexpr std::uint8_t kReplicaByte = 9;
    constexpr unsigned kMostProducers = 64;
    CLI::App app("Labels a sector as the first phase of Filecoin sealing (PC1) does; measures it.",
                 "pc1-label");
    SectorOptions sector(app);
    Options options;
    options.replica_id.fill(kReplicaByte);
    options.crew.producers = usable_cpus() == 1 ? 0 : 1;
    std::optional<Bytes32> replica_id;
    std::optional<std::uint32_t> layers;
    std::optional<std::uint64_t> max_nodes;
    std::string alloc;
    app.set_version_flag("-V,--version", "pc1-label " PC1_VERSION, "Show the version and exit");
    app.add_option("--layers", layers,
                   "Layers to label. Default: 2, as sectors for tests have;\n"
                   "11 from 32GiB on")
        ->option_text("N")
        ->check(CLI::Range(1U, std::numeric_limits<std::uint32_t>::max()));
    app.add_option("--max-nodes", max_nodes,
                   "Compute only the first N labels of each layer; the\n"
                   "digests are of those, not of whole layers")
        ->option_text("N");
    add_hex(app, "--replica-id", replica_id, "64 hex digits. Default: 32 times 09");
    app.add_flag("--digest", options.digest, "Show the SHA-256 of each layer (not part of its seconds)");
    app.option_defaults()->group("How it is done; the labels are the same");
    app.add_option("--producers", options.crew.producers,
                   "Threads that prepare labels for the one that hashes;\n"
                   "0: it does all alone, as sealers' single-core path.\n"
                   "Default: 1, or 0 if only one CPU may be used")
        ->option_text("N")
        ->check(CLI::Range(0U, kMostProducers));
    app.add_option("--alloc", alloc,
                   "How to get the two buffers: mmap (anonymous, locked if\n"
                   "allowed, as the multicore path of sealers) or calloc (as\n"
                   "their single-core path). Default: mmap, or calloc with\n"
                   "--producers 0")
        ->option_text("METHOD")
        ->check(CLI::IsMember({"mmap", "calloc"}));
    app.footer(
        "'pc1-label parents' digests the parents of all labels.\n"
        "'pc1-label compare' says what a sealer would gain here.\n"
        "\n"
        "Example:\n"
        "  pc1-label --sector-size 64MiB --layers 2 --digest\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage.");
    if (const auto help = tools::parse(app, argc, argv)) {
        return *help;
    }
    options.sector = sector.sector();
    options.nodes = max_nodes.value_or(options.sector.nodes());
    if (options.nodes < 1 || options.nodes > options.sector.nodes()) {
        tools::refuse("--max-nodes: {} is not from 1 to {}.", options.nodes, options.sector.nodes());
    }
    options.layers = layers.value_or(default_layers(options.sector.bytes));
    options.replica_id = replica_id.value_or(options.replica_id);
    const bool by_calloc = alloc.empty() ? options.crew.producers == 0 : alloc == "calloc";
    options.allocation = by_calloc ? Allocation::kCalloc : Allocation::kMmap;
    const Json report = label_sector(options);
    return sector.json ? json_text(report) : label_table(report);
}

}  // namespace pc1
