// The phases of a labelling: the graph, two buffers, parents in memory, then layer by layer.
#include "tools/pc1/run.h"

#include "tools/common/log.h"
#include "tools/common/terminal.h"
#include "tools/pc1/conveyor.h"
#include "tools/pc1/hash.h"
#include "tools/pc1/label.h"
#include "tools/pc1/report.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace pc1 {
namespace {

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

Buffers get_buffers(const Options& options, Result& result) {
    const std::uint64_t size = options.sector.bytes;
    const Stopwatch watch;
    Buffers buffers{{options.allocation, size}, {options.allocation, size}};
    result.memory_seconds = watch.seconds();
    for (const SectorBuffer* buffer : {&buffers.current, &buffers.previous}) {
        result.locked_buffers += buffer->is_locked() ? 1 : 0;
    }
    const int lock_error = std::max(buffers.current.lock_error(), buffers.previous.lock_error());
    if (lock_error != 0) {
        const char* hint =
            lock_error == ENOMEM || lock_error == EPERM ? "; see the limit in 'ulimit -l'" : "";
        tools::warn(fmt::format("memory is not locked ({} of {} buffers): mlock of {}: {}{}",
                                kBuffers - result.locked_buffers, kBuffers, size_text(size),
                                std::strerror(lock_error), hint));
    }
    return buffers;
}

std::vector<PagesOfSize> pages_below(const Buffers& buffers) {
    const auto range = [](const SectorBuffer& buffer) {
        return MemoryRange{.begin = reinterpret_cast<std::uintptr_t>(buffer.data()), .size = buffer.size()};
    };
    const MemoryRange both[] = {range(buffers.current), range(buffers.previous)};
    return pages_of(both);
}

// What is not labelled in a stretch has to be there all the same: the labels before it, and those of the
// layer before. They depend on their place only, not on the number of threads.
void fill_with_something(const SectorBuffer& buffer, std::uint64_t seed) {
    constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
    const std::uint64_t chunks = (buffer.size() + kChunkBytes - 1) / kChunkBytes;
    const auto end_of = [&](std::uint64_t chunk) {
        return std::min((chunk + 1) * kChunkBytes, buffer.size());
    };
    const unsigned threads = usable_cpus();
    tools::Progress progress("filling", buffer.size(), per_second);
    Conveyor(chunks, 8 * std::size_t{threads})
        .run(
            threads,
            [&](std::uint64_t chunk, std::size_t) {
                std::mt19937_64 random(seed + chunk);
                for (std::uint64_t at = chunk * kChunkBytes; at < end_of(chunk);
                     at += sizeof(std::uint64_t)) {
                    const std::uint64_t word = random();
                    std::memcpy(buffer.data() + at, &word, sizeof word);
                }
            },
            [&](std::uint64_t chunk, std::size_t) { progress.update(end_of(chunk)); });
}

ParentTable table_in_memory(const Graph& graph, const Options& options, Result& result) {
    tools::Progress progress("parents", options.nodes.size(), per_node);
    result.parents_threads = usable_cpus();
    const Stopwatch watch;
    try {
        ParentTable table(graph, options.nodes, result.parents_threads,
                          [&progress](std::uint64_t done) { progress.update(done); });
        result.parents_seconds += watch.seconds();
        return table;
    } catch (const std::bad_alloc&) {
        throw std::runtime_error("no memory for the parents of all nodes (" +
                                 size_text(options.nodes.size() * sizeof(ParentRow)) +
                                 "); --parents compute needs none");
    }
}

double label_layer(const Labeller& labeller, const Layer& layer, const Options& options) {
    tools::Progress progress(fmt::format("layer {} of {}", layer.number, options.last_layer),
                             options.nodes.size(), per_node);
    const Stopwatch watch;
    labeller.label(layer, options.nodes, [&progress](std::uint64_t done) { progress.update(done); });
    return watch.seconds();
}

Bytes32 digest_of(const Layer& layer, const Options& options) {
    constexpr std::size_t kBytesAtATime = std::size_t{4} << 20;
    const std::span labels(layer.labels + kNodeBytes * options.nodes.first,
                           kNodeBytes * options.nodes.size());
    tools::Progress progress(fmt::format("digest of layer {}", layer.number), labels.size(), per_second);
    Sha256 hash(*options.sha256);
    for (std::size_t done = 0; done < labels.size();) {
        const std::size_t now = std::min(kBytesAtATime, labels.size() - done);
        hash.update(labels.subspan(done, now));
        done += now;
        progress.update(done);
    }
    return hash.finish();
}

}  // namespace

Result run(const Options& options) {
    Result result;
    const Stopwatch watch;
    const Graph graph = options.sector.graph();
    result.parents_seconds = watch.seconds();
    Buffers buffers = get_buffers(options, result);
    if (!options.is_whole()) {
        fill_with_something(buffers.current, 1);
        fill_with_something(buffers.previous, std::uint64_t{1} << 32);
    }
    std::optional<ParentTable> table;
    if (options.parents_in_memory) {
        table = table_in_memory(graph, options, result);
    }
    const ParentSource& parents = table ? static_cast<const ParentSource&>(*table) : graph;
    const Labeller labeller(options.replica_id, parents, *options.sha256, options.crew);
    for (std::uint32_t number = options.first_layer; number <= options.last_layer; ++number) {
        const Layer layer{
            .number = number, .previous = buffers.previous.data(), .labels = buffers.current.data()};
        LayerResult done{.number = number, .seconds = label_layer(labeller, layer, options), .digest = {}};
        if (options.digest) {
            done.digest = digest_of(layer, options);
        }
        result.layers.push_back(done);
        std::swap(buffers.current, buffers.previous);
    }
    result.pages = pages_below(buffers);
    return result;
}

ParentsResult run_parents(const ParentsOptions& options) {
    tools::Progress progress("parents", options.sector.nodes(), per_node);
    const Stopwatch watch;
    const Bytes32 digest = digest_of_parents(options.sector.graph(), options.threads,
                                             [&progress](std::uint64_t done) { progress.update(done); });
    return {.digest = digest, .seconds = watch.seconds()};
}

}  // namespace pc1
