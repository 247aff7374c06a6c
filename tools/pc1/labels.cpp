// The two ways to label a layer: alone, and with producers.
#include "tools/pc1/labels.h"

#include "tools/pc1/conveyor.h"
#include "tools/pc1/node_hash.h"
#include "tools/pc1/prepared_node.h"

#include <algorithm>
#include <array>
#include <vector>

namespace pc1 {
namespace {

// How far ahead of the hashing a node's parents are fetched into the cache: far enough, at 600 ns a node and
// more, for misses in the TLB and in every cache; and so near that they are not lost again.
constexpr std::size_t kFetchAhead = 4;

// That a producer computes in one go.
constexpr std::size_t kRowsAtATime = 64;

constexpr std::uint64_t kNodesBetweenReports = 8192;

void hash_node(const ParentsHash& hash, const Layer& layer, std::uint64_t node, const PreparedNode& prepared,
               const PreparedNode& soon) {
    std::uint8_t* label = layer.labels + kNodeBytes * node;
    if (node == 0) {
        hash.label_node_zero(prepared.state, label);
    } else {
        hash.label(prepared, soon, label);
    }
}

class Reporter {
  public:
    explicit Reporter(const OnLabelled& on_labelled) : on_labelled_(&on_labelled) {}

    void add(std::uint64_t nodes) {
        const std::uint64_t before = done_ / kNodesBetweenReports;
        done_ += nodes;
        if (*on_labelled_ && done_ / kNodesBetweenReports != before) {
            (*on_labelled_)(done_);
        }
    }

  private:
    const OnLabelled* on_labelled_;
    std::uint64_t done_ = 0;
};

}  // namespace

Labeller::Labeller(const Bytes32& replica_id, const ParentSource& parents, const Sha256Kernel& kernel,
                   const Crew& crew)
    : replica_id_(replica_id), parents_(&parents), kernel_(&kernel), crew_(crew) {}

void Labeller::label(const Layer& layer, NodeRange nodes, const OnLabelled& on_labelled) const {
    if (crew_.producers == 0) {
        label_alone(layer, nodes, on_labelled);
    } else {
        label_with_producers(layer, nodes, on_labelled);
    }
}

// Nodes are prepared a batch ahead, so that the parents of the next ones can be fetched while one is hashed.
void Labeller::label_alone(const Layer& layer, NodeRange nodes, const OnLabelled& on_labelled) const {
    constexpr std::size_t kBatch = 16;
    static_assert(kFetchAhead <= kBatch);
    const HeaderHash header(replica_id_, layer.number, *kernel_);
    const ParentsHash hash(layer.number, *kernel_);
    std::array<PreparedNode, 2 * kBatch> window{};
    const auto prepared = [&](std::uint64_t node) -> PreparedNode& {
        return window[(node - nodes.first) % window.size()];
    };
    const auto prepare_batch = [&](std::uint64_t first) {
        std::array<ParentRow, kBatch> rows;
        const std::uint64_t last = std::min(first + kBatch, nodes.last);
        if (first < last) {
            parents_->parents(first, last - first, rows.data());
        }
        for (std::uint64_t node = first; node < last; ++node) {
            prepared(node) = prepare(layer, header.of(node), rows[node - first]);
        }
    };

    Reporter reporter(on_labelled);
    prepare_batch(nodes.first);
    for (std::uint64_t first = nodes.first; first < nodes.last; first += kBatch) {
        prepare_batch(first + kBatch);
        const std::uint64_t last = std::min(first + kBatch, nodes.last);
        for (std::uint64_t node = first; node < last; ++node) {
            const std::uint64_t soon = std::min(node + kFetchAhead, nodes.last - 1);
            hash_node(hash, layer, node, prepared(node), prepared(soon));
        }
        reporter.add(last - first);
    }
}

// Producers copy the labels that are there already, so that the random reads are theirs. What is not there
// yet was written by the hashing thread a moment before it needs it, and is in its cache.
void Labeller::label_with_producers(const Layer& layer, NodeRange nodes,
                                    const OnLabelled& on_labelled) const {
    const HeaderHash header(replica_id_, layer.number, *kernel_);
    const std::size_t places = std::max<std::size_t>(1, crew_.lookahead / crew_.stride);
    const std::uint64_t chunks = (nodes.size() + crew_.stride - 1) / crew_.stride;
    std::vector<LadenNode> slots(places * crew_.stride);
    Conveyor conveyor(chunks, places);

    const auto range_of = [&](std::uint64_t chunk) {
        const std::uint64_t first = nodes.first + chunk * crew_.stride;
        return NodeRange{first, std::min(first + crew_.stride, nodes.last)};
    };
    const auto produce = [&](std::uint64_t chunk, std::size_t place) {
        const std::uint64_t labelled = range_of(conveyor.consumed()).first;
        const NodeRange range = range_of(chunk);
        LadenNode* slot = &slots[place * crew_.stride];
        std::array<ParentRow, kRowsAtATime> rows;
        for (std::uint64_t first = range.first; first < range.last; first += kRowsAtATime) {
            const std::size_t count = std::min<std::uint64_t>(kRowsAtATime, range.last - first);
            parents_->parents(first, count, rows.data());
            for (std::size_t i = 0; i < count; ++i, ++slot) {
                slot->node = prepare(layer, header.of(first + i), rows[i]);
                slot->load(layer, rows[i], labelled);
            }
        }
    };
    const ParentsHash hash(layer.number, *kernel_);
    Reporter reporter(on_labelled);
    const auto consume = [&](std::uint64_t chunk, std::size_t place) {
        const NodeRange range = range_of(chunk);
        const LadenNode* slot = &slots[place * crew_.stride];
        const LadenNode* last = slot + range.size() - 1;
        for (std::uint64_t node = range.first; node < range.last; ++node, ++slot) {
            hash_node(hash, layer, node, slot->node, std::min(slot + kFetchAhead, last)->node);
        }
        reporter.add(range.size());
    };
    conveyor.run(crew_.producers, produce, consume);
}

}  // namespace pc1
