// The phases of a labelling: the graph, two buffers, then layer by layer.
#include "tools/pc1/run.h"

#include "tools/common/log.h"
#include "tools/common/terminal.h"
#include "tools/common/values.h"
#include "tools/pc1/hash.h"
#include "tools/pc1/label.h"
#include "tools/pc1/memory_pages.h"

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace pc1 {
namespace {

class Stopwatch {
  public:
    [[nodiscard]] double seconds() const { return tools::Seconds(Clock::now() - start_).count(); }

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
};

std::string per_node(std::uint64_t nodes, tools::Seconds elapsed) {
    return fmt::format("{:.0f} ns/node", elapsed.count() * 1e9 / static_cast<double>(nodes));
}

std::string per_second(std::uint64_t bytes, tools::Seconds elapsed) {
    constexpr double kGiB = 1 << 30;
    return fmt::format("{:.2f} GiB/s", static_cast<double>(bytes) / kGiB / elapsed.count());
}

Json report_on(const char* program, const Sector& sector) {
    return {{"schema_version", 1},
            {"program", program},
            {"version", PC1_VERSION},
            {"sector_size", sector.bytes},
            {"nodes", sector.nodes()},
            {"api_version", to_text(sector.api_version)},
            {"porep_id", to_hex(sector.porep_id)}};
}

// How many of the buffers are locked; says on stderr why others aren't.
int locked(const std::vector<SectorBuffer>& buffers) {
    int count = 0;
    int error = 0;
    for (const SectorBuffer& buffer : buffers) {
        count += buffer.is_locked() ? 1 : 0;
        error = std::max(error, buffer.lock_error());
    }
    if (error != 0) {
        const char* hint = error == ENOMEM || error == EPERM ? "; see the limit in 'ulimit -l'" : "";
        tools::warn(fmt::format("memory is not locked ({} of {} buffers): mlock of {}: {}{}",
                                buffers.size() - static_cast<std::size_t>(count), buffers.size(),
                                tools::page_size_text({buffers.front().size()}), std::strerror(error), hint));
    }
    return count;
}

double label_layer(const Labeller& labeller, const Layer& layer, const Options& options) {
    tools::Progress progress(fmt::format("layer {} of {}", layer.number, options.layers), options.nodes,
                             per_node);
    const Stopwatch watch;
    labeller.label(layer, {0, options.nodes}, [&progress](std::uint64_t done) { progress.update(done); });
    return watch.seconds();
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

}  // namespace

Json run(const Options& options) {
    Json report = report_on("pc1-label", options.sector);
    Stopwatch watch;
    const Graph graph = options.sector.graph();
    const double graph_seconds = watch.seconds();
    watch = {};
    std::vector<SectorBuffer> buffers;
    for (int i = 0; i < 2; ++i) {
        buffers.emplace_back(options.allocation, options.sector.bytes);
    }
    report.update({{"replica_id", to_hex(options.replica_id)},
                   {"sha256_implementation", best_sha256_kernel().name},
                   {"producers", options.crew.producers},
                   {"alloc", options.allocation == Allocation::kMmap ? "mmap" : "calloc"},
                   {"memory_seconds", watch.seconds()},
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

Json run_parents(const ParentsOptions& options) {
    Json report = report_on("pc1-label parents", options.sector);
    tools::Progress progress("parents", options.sector.nodes(), per_node);
    const Stopwatch watch;
    const Bytes32 digest = digest_of_parents(options.sector.graph(), options.threads,
                                             [&progress](std::uint64_t done) { progress.update(done); });
    report.update({{"threads", options.threads},
                   {"seconds", watch.seconds()},
                   {"bytes", options.sector.nodes() * sizeof(ParentRow)},
                   {"sha256", to_hex(digest)}});
    return report;
}

}  // namespace pc1
