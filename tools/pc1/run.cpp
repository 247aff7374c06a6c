// The phases of a labelling: CPUs, parents, the folder for the output, two buffers, then layer by layer.
#include "tools/pc1/run.h"

#include "tools/common/log.h"
#include "tools/common/progress.h"
#include "tools/pc1/graph.h"
#include "tools/pc1/labels.h"
#include "tools/pc1/output_folder.h"
#include "tools/pc1/parent_file.h"
#include "tools/pc1/parent_table.h"
#include "tools/pc1/pseudo_random.h"
#include "tools/pc1/sector.h"
#include "tools/pc1/sha256.h"

#include <spdlog/fmt/fmt.h>

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

// A part that takes its time: what its bar shows, and that a signal ends it.
class Phase {
  public:
    Phase(std::string label, std::uint64_t total, tools::RateText rate, const tools::Interrupts& interrupts)
        : bar_(std::move(label), total, std::move(rate)), interrupts_(&interrupts) {}

    void update(std::uint64_t done) {
        bar_.update(done);
        interrupts_->check();
    }

  private:
    tools::ProgressBar bar_;
    const tools::Interrupts* interrupts_;
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
            tools::warn("threads are not bound to CPUs: " + reason);
        }
        result.cpus = std::move(bound);
    }
    result.threads = usable_cpus();
}

Buffers get_buffers(const Options& options, const tools::Interrupts& interrupts, Result& result) {
    const Stopwatch watch;
    const auto get_buffer = [&] {
        interrupts.check();
        return SectorBuffer::get(options.allocation, options.sector_size);
    };
    Buffers buffers{get_buffer(), get_buffer()};
    result.memory_seconds = watch.seconds();
    for (const SectorBuffer* buffer : {&buffers.current, &buffers.previous}) {
        result.locked_buffers += buffer->is_locked() ? 1 : 0;
    }
    const int lock_error = std::max(buffers.current.lock_error(), buffers.previous.lock_error());
    if (lock_error != 0) {
        const char* hint =
            lock_error == ENOMEM || lock_error == EPERM ? "; see the limit in 'ulimit -l'" : "";
        tools::warn(fmt::format("memory is not locked ({} of {} buffers): mlock of {}: {}{}",
                                kBuffers - result.locked_buffers, kBuffers, size_text(options.sector_size),
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
// layer before.
void fill_with_something(const Buffers& buffers, unsigned threads, const tools::Interrupts& interrupts) {
    constexpr std::size_t kPiece = std::size_t{256} << 20;
    Phase phase("filling", kBuffers * buffers.current.size(), per_second, interrupts);
    std::uint64_t done = 0;
    for (const SectorBuffer* buffer : {&buffers.current, &buffers.previous}) {
        std::span<std::uint8_t> rest(buffer->data(), buffer->size());
        while (!rest.empty()) {
            const auto piece = rest.first(std::min(kPiece, rest.size()));
            fill_pseudo_random(piece, done, threads);
            rest = rest.subspan(piece.size());
            done += piece.size();
            phase.update(done);
        }
    }
}

// But for the table, which takes its time.
std::unique_ptr<ParentSource> get_parents(const Options& options, Result& result) {
    const Stopwatch watch;
    auto graph =
        std::make_unique<Graph>(options.sector_size / kNodeBytes, options.api_version, options.porep_id);
    std::unique_ptr<ParentSource> parents;
    if (options.parents == ParentsFrom::kFile) {
        parents = std::make_unique<ParentFile>(options.parent_file, *graph);
    } else {
        parents = std::move(graph);
    }
    result.parents_seconds = watch.seconds();
    return parents;
}

ParentTable table_in_memory(const ParentSource& parents, const Options& options,
                            const tools::Interrupts& interrupts, Result& result) {
    Phase phase("parents", options.nodes.size(), per_node, interrupts);
    const Stopwatch watch;
    try {
        auto table = ParentTable::compute(parents, options.nodes, result.threads,
                                          [&phase](std::uint64_t done) { phase.update(done); });
        result.parents_seconds += watch.seconds();
        result.parents_threads = result.threads;
        return table;
    } catch (const std::bad_alloc&) {
        throw std::runtime_error("no memory for the parents of all nodes (" +
                                 size_text(options.nodes.size() * kRowBytes) +
                                 "); --parents compute needs none");
    }
}

// Null if the layers are not to be kept.
std::unique_ptr<OutputFolder> open_output(const Options& options) {
    if (!options.output) {
        return nullptr;
    }
    const SectorIdentity sector{.sector_size = options.sector_size,
                                .api_version = options.api_version,
                                .porep_id = options.porep_id,
                                .replica_id = options.replica_id};
    const LayerRange layers{.first = options.first_layer, .last = options.last_layer};
    auto output = std::make_unique<OutputFolder>(*options.output, sector, layers, *options.sha256);
    if (output->is_garbled()) {
        tools::warn(fmt::format("all layers are computed anew: {} makes no sense",
                                (*options.output / kManifestName).string()));
    }
    return output;
}

// nullopt if it has to be computed.
std::optional<LayerResult> read_layer(const OutputFolder& output, const Layer& layer,
                                      std::uint64_t sector_size, const tools::Interrupts& interrupts) {
    if (!output.names_layer(layer.number)) {
        return std::nullopt;
    }
    try {
        Phase phase(fmt::format("reading layer {}", layer.number), sector_size, per_second, interrupts);
        const Stopwatch watch;
        const Bytes32 digest = output.read_layer(layer.number, {layer.labels, sector_size},
                                                 [&phase](std::uint64_t bytes) { phase.update(bytes); });
        return LayerResult{.number = layer.number,
                           .resumed = true,
                           .seconds = watch.seconds(),
                           .digest = digest,
                           .file = output.path_of(layer.number)};
    } catch (const LayerSpoilt& reason) {
        tools::warn(fmt::format("layer {} is computed anew: {}", layer.number, reason.what()));
        return std::nullopt;
    }
}

double label_layer(const Labeller& labeller, const Layer& layer, const Options& options,
                   const tools::Interrupts& interrupts) {
    Phase phase(fmt::format("layer {} of {}", layer.number, options.last_layer), options.nodes.size(),
                per_node, interrupts);
    const Stopwatch watch;
    labeller.label(layer, options.nodes, [&phase](std::uint64_t done) { phase.update(done); });
    return watch.seconds();
}

Bytes32 digest_of(std::span<const std::uint8_t> labels, const Sha256Kernel& kernel, std::uint32_t number,
                  const tools::Interrupts& interrupts) {
    Phase phase(fmt::format("digest of layer {}", number), labels.size(), per_second, interrupts);
    Sha256 hash(kernel);
    for (std::size_t done = 0; done < labels.size();) {
        const std::size_t now = std::min(kBytesAtATime, labels.size() - done);
        hash.update(labels.subspan(done, now));
        done += now;
        phase.update(done);
    }
    return hash.finish();
}

LayerResult finish_layer(const Options& options, const Layer& layer, double seconds, OutputFolder* output,
                         const tools::Interrupts& interrupts) {
    LayerResult result{
        .number = layer.number, .resumed = false, .seconds = seconds, .digest = {}, .file = {}};
    const std::span<const std::uint8_t> labels(layer.labels + kNodeBytes * options.nodes.first,
                                               kNodeBytes * options.nodes.size());
    if (output != nullptr) {
        Phase phase(fmt::format("writing layer {}", layer.number), labels.size(), per_second, interrupts);
        result.digest =
            output->write_layer(layer.number, labels, [&phase](std::uint64_t bytes) { phase.update(bytes); });
        result.file = output->path_of(layer.number);
    } else if (options.digest) {
        result.digest = digest_of(labels, *options.sha256, layer.number, interrupts);
    }
    return result;
}

}  // namespace

Result run(const Options& options, const tools::Interrupts& interrupts) {
    Result result;
    bind_threads(options, result);
    const auto parents = get_parents(options, result);
    const auto output = open_output(options);
    Buffers buffers = get_buffers(options, interrupts, result);
    if (!options.is_whole()) {
        fill_with_something(buffers, result.threads, interrupts);
    }
    std::optional<ParentTable> table;
    for (std::uint32_t number = options.first_layer; number <= options.last_layer; ++number) {
        const Layer layer{
            .number = number, .previous = buffers.previous.data(), .labels = buffers.current.data()};
        auto done = output ? read_layer(*output, layer, options.sector_size, interrupts) : std::nullopt;
        if (!done) {
            if (options.parents == ParentsFrom::kMemory && !table) {
                table = table_in_memory(*parents, options, interrupts, result);
            }
            const ParentSource& source = table ? static_cast<const ParentSource&>(*table) : *parents;
            const Labeller labeller(options.replica_id, source, *options.sha256, options.crew);
            const double seconds = label_layer(labeller, layer, options, interrupts);
            done = finish_layer(options, layer, seconds, output.get(), interrupts);
        }
        result.layers.push_back(std::move(*done));
        std::swap(buffers.current, buffers.previous);
    }
    result.pages = pages_below(buffers);
    return result;
}

}  // namespace pc1
