// The phases of a labelling: parents, room for the output, two buffers, then layer by layer.
#include "tools/pc1/run.h"

#include "tools/common/progress.h"
#include "tools/pc1/graph.h"
#include "tools/pc1/labels.h"
#include "tools/pc1/layer_file.h"
#include "tools/pc1/parent_file.h"
#include "tools/pc1/parent_table.h"
#include "tools/pc1/pseudo_random.h"
#include "tools/pc1/sector.h"
#include "tools/pc1/sha256.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace pc1 {
namespace {

constexpr std::size_t kBytesAtATime = std::size_t{4} << 20;

class Stopwatch {
  public:
    [[nodiscard]] double seconds() const { return tools::Seconds(Clock::now() - start_).count(); }

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
};

struct Buffers {
    SectorBuffer current;
    SectorBuffer previous;
};

std::string per_node(std::uint64_t nodes, tools::Seconds elapsed) {
    return fmt::format("{:.0f} ns/node", elapsed.count() * 1e9 / static_cast<double>(nodes));
}

std::string per_second(std::uint64_t bytes, tools::Seconds elapsed) {
    constexpr double kGiB = 1 << 30;
    return fmt::format("{:.2f} GiB/s", static_cast<double>(bytes) / kGiB / elapsed.count());
}

// Before memory is taken, which is to be on the node of these CPUs, and before there are threads.
void bind_threads(const Options& options, Result& result) {
    if (options.bind) {
        auto [bound, reason] = bind_to_shared_cache(options.crew.producers + 1);
        if (!bound) {
            spdlog::warn("threads are not bound to CPUs: {}", reason);
        }
        result.cpus = std::move(bound);
    }
    result.threads = usable_cpus();
}

Buffers get_buffers(const Options& options, Result& result) {
    const Stopwatch watch;
    Buffers buffers{SectorBuffer::get(options.allocation, options.sector_size),
                    SectorBuffer::get(options.allocation, options.sector_size)};
    result.memory_seconds = watch.seconds();
    for (const SectorBuffer* buffer : {&buffers.current, &buffers.previous}) {
        result.locked_buffers += buffer->is_locked() ? 1 : 0;
    }
    const int lock_error = std::max(buffers.current.lock_error(), buffers.previous.lock_error());
    if (lock_error != 0) {
        const char* hint =
            lock_error == ENOMEM || lock_error == EPERM ? "; see the limit in 'ulimit -l'" : "";
        spdlog::warn("memory is not locked ({} of {} buffers): mlock of {}: {}{}",
                     kBuffers - result.locked_buffers, kBuffers, size_text(options.sector_size),
                     std::strerror(lock_error), hint);
    }
    return buffers;
}

// What is not labelled in a stretch has to be there all the same: the labels before it, and those of the
// layer before.
void fill_with_something(const Buffers& buffers, unsigned threads) {
    fill_pseudo_random({buffers.current.data(), buffers.current.size()}, 1, threads);
    fill_pseudo_random({buffers.previous.data(), buffers.previous.size()}, 2, threads);
}

std::unique_ptr<ParentSource> table_in_memory(const Graph& graph, const Options& options, unsigned threads) {
    tools::ProgressBar bar("parents", options.nodes.size(), per_node);
    try {
        return std::make_unique<ParentTable>(ParentTable::compute(
            graph, options.nodes, threads, [&bar](std::uint64_t done) { bar.update(done); }));
    } catch (const std::bad_alloc&) {
        throw std::runtime_error("no memory for the parents of all nodes (" +
                                 size_text(options.nodes.size() * kRowBytes) +
                                 "); --parents compute needs none");
    }
}

std::unique_ptr<ParentSource> get_parents(const Options& options, Result& result) {
    const Stopwatch watch;
    auto graph =
        std::make_unique<Graph>(options.sector_size / kNodeBytes, options.api_version, options.porep_id);
    std::unique_ptr<ParentSource> source;
    switch (options.parents) {
        case ParentsFrom::kCompute:
            source = std::move(graph);
            break;
        case ParentsFrom::kMemory:
            source = table_in_memory(*graph, options, result.threads);
            break;
        case ParentsFrom::kFile:
            source = std::make_unique<ParentFile>(options.parent_file, *graph);
            break;
    }
    result.parents_seconds = watch.seconds();
    return source;
}

double label_layer(const Labeller& labeller, const Layer& layer, const Options& options) {
    tools::ProgressBar bar(fmt::format("layer {} of {}", layer.number, options.last_layer),
                           options.nodes.size(), per_node);
    const Stopwatch watch;
    labeller.label(layer, options.nodes, [&bar](std::uint64_t done) { bar.update(done); });
    return watch.seconds();
}

Bytes32 digest_of(std::span<const std::uint8_t> labels, const Sha256Kernel& kernel, std::uint32_t number) {
    tools::ProgressBar bar(fmt::format("digest of layer {}", number), labels.size(), per_second);
    Sha256 hash(kernel);
    for (std::size_t done = 0; done < labels.size();) {
        const std::size_t now = std::min(kBytesAtATime, labels.size() - done);
        hash.update(labels.subspan(done, now));
        done += now;
        bar.update(done);
    }
    return hash.finish();
}

LayerResult finish_layer(const Options& options, const Layer& layer, double seconds) {
    LayerResult result{.number = layer.number, .seconds = seconds, .digest = {}, .file = {}};
    const std::span<const std::uint8_t> labels(layer.labels + kNodeBytes * options.nodes.first,
                                               kNodeBytes * options.nodes.size());
    if (options.digest) {
        result.digest = digest_of(labels, *options.sha256, layer.number);
    }
    if (options.output) {
        tools::ProgressBar bar(fmt::format("writing layer {}", layer.number), labels.size(), per_second);
        result.file = write_layer(*options.output, layer.number, labels,
                                  [&bar](std::uint64_t bytes) { bar.update(bytes); });
    }
    return result;
}

}  // namespace

Result run(const Options& options) {
    Result result;
    bind_threads(options, result);
    const auto parents = get_parents(options, result);
    if (options.output) {
        prepare_output_folder(*options.output, options.last_layer, options.sector_size);
    }
    Buffers buffers = get_buffers(options, result);
    if (!options.is_whole()) {
        fill_with_something(buffers, result.threads);
    }
    const Labeller labeller(options.replica_id, *parents, *options.sha256, options.crew);
    for (std::uint32_t number = options.first_layer; number <= options.last_layer; ++number) {
        const Layer layer{
            .number = number, .previous = buffers.previous.data(), .labels = buffers.current.data()};
        const double seconds = label_layer(labeller, layer, options);
        result.layers.push_back(finish_layer(options, layer, seconds));
        std::swap(buffers.current, buffers.previous);
    }
    return result;
}

}  // namespace pc1
