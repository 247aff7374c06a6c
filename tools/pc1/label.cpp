// The label of one node, and the two ways to label a layer: alone, and with producers.
#include "tools/pc1/label.h"

#include "tools/pc1/conveyor.h"

#include <algorithm>
#include <vector>

namespace pc1 {
namespace {

constexpr std::size_t kHashedParents = 37;  // with their repetitions

// Ends a message: a one bit, zeros up to a block's end, the length in bits.
template <std::size_t PaddingBytes, std::size_t MessageBytes>
constexpr auto kPadding = [] {
    static_assert((MessageBytes + PaddingBytes) % 64 == 0);
    std::array<std::uint8_t, PaddingBytes> padding{0x80};
    padding[PaddingBytes - 2] = static_cast<std::uint8_t>(8 * MessageBytes >> 8);
    padding[PaddingBytes - 1] = static_cast<std::uint8_t>(8 * MessageBytes);
    return padding;
}();
constexpr auto& kPaddingAfterParents = kPadding<32, 64 + kHashedParents * kNodeBytes>;
constexpr auto& kPaddingAfterHeader = kPadding<64, 64>;

// How far ahead of the hashing a node's parents are fetched into the cache: far enough, at 600 ns a node and
// more, for misses in the TLB and in every cache; and so near that they are not lost again.
constexpr std::size_t kFetchAhead = 4;

// That a producer computes in one go.
constexpr std::size_t kRowsAtATime = 64;

constexpr std::uint64_t kNodesBetweenReports = 8192;

// So many nodes are done, `now` of them since the last call.
void report(const OnProgress& on_labelled, std::uint64_t done, std::uint64_t now) {
    if (done / kNodesBetweenReports != (done - now) / kNodesBetweenReports) {
        on_labelled(done);
    }
}

}  // namespace

PreparedNode prepare(const Layer& layer, const Sha256State& state, const ParentRow& row) {
    PreparedNode prepared{.state = state, .labels = {}};
    for (std::size_t i = 0; i < kParents; ++i) {
        // Layer 1 has none before it; its expander parents are not hashed.
        const bool is_here = i < kBaseParents || layer.number == 1;
        prepared.labels[i] = (is_here ? layer.labels : layer.previous) + kNodeBytes * row[i];
    }
    return prepared;
}

void LadenNode::load(const Layer& layer, const ParentRow& row, std::uint64_t labelled) {
    const std::size_t hashed = hashed_parents(layer.number);
    for (std::size_t i = 0; i < hashed; ++i) {
        if (i >= kBaseParents || row[i] < labelled) {
            std::copy_n(node.labels[i], kNodeBytes, copies[i].begin());
            node.labels[i] = copies[i].data();
        }
    }
}

NodeHash::NodeHash(const Bytes32& replica_id, std::uint32_t layer, const Sha256Kernel& kernel)
    : hashed_parents_(hashed_parents(layer)), kernel_(&kernel) {
    std::ranges::copy(replica_id, header_.begin());
    store_be(header_.data() + 32, layer);
}

Sha256State NodeHash::after_header(std::uint64_t node) const {
    auto header = header_;
    store_be(header.data() + 36, node);
    auto state = std::to_array(kSha256InitialState);
    const std::uint8_t* const halves[] = {header.data(), header.data() + 32};
    kernel_->absorb(state.data(), halves, 1);
    return state;
}

void NodeHash::label(std::uint64_t node, const PreparedNode& prepared, const PreparedNode& soon,
                     std::uint8_t* label) const {
    const std::uint8_t* last_parent = prepared.labels[(kHashedParents - 1) % hashed_parents_];
    CyclicMessage message{.halves = prepared.labels.data(),
                          .blocks_in_turn = hashed_parents_ / 2,
                          .blocks = kHashedParents / 2,
                          .last = {last_parent, kPaddingAfterParents.data()}};
    if (node == 0) {  // nothing but padding follows its header
        message = {nullptr, 0, 0, {kPaddingAfterHeader.data(), kPaddingAfterHeader.data() + kNodeBytes}};
    }
    kernel_->finish_label(prepared.state.data(), message, soon.labels.data(), label);
}

Labeller::Labeller(const Bytes32& replica_id, const ParentSource& parents, const Sha256Kernel& kernel,
                   const Crew& crew)
    : replica_id_(replica_id), parents_(&parents), kernel_(&kernel), crew_(crew) {}

void Labeller::label(const Layer& layer, NodeRange nodes, const OnProgress& on_labelled) const {
    if (crew_.producers == 0) {
        label_alone(layer, nodes, on_labelled);
    } else {
        label_with_producers(layer, nodes, on_labelled);
    }
}

// Nodes are prepared a batch ahead, so that the parents of the next ones can be fetched while one is hashed.
void Labeller::label_alone(const Layer& layer, NodeRange nodes, const OnProgress& on_labelled) const {
    constexpr std::size_t kBatch = 16;
    static_assert(kFetchAhead <= kBatch);
    const NodeHash hash(replica_id_, layer.number, *kernel_);
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
            prepared(node) = prepare(layer, hash.after_header(node), rows[node - first]);
        }
    };

    prepare_batch(nodes.first);
    for (std::uint64_t first = nodes.first; first < nodes.last; first += kBatch) {
        prepare_batch(first + kBatch);
        const std::uint64_t last = std::min(first + kBatch, nodes.last);
        for (std::uint64_t node = first; node < last; ++node) {
            const std::uint64_t soon = std::min(node + kFetchAhead, nodes.last - 1);
            hash.label(node, prepared(node), prepared(soon), layer.labels + kNodeBytes * node);
        }
        report(on_labelled, last - nodes.first, last - first);
    }
}

// Producers copy the labels that are there already, so that the random reads are theirs. What is not there
// yet was written by the hashing thread a moment before it needs it, and is in its cache.
void Labeller::label_with_producers(const Layer& layer, NodeRange nodes,
                                    const OnProgress& on_labelled) const {
    const NodeHash hash(replica_id_, layer.number, *kernel_);
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
                slot->node = prepare(layer, hash.after_header(first + i), rows[i]);
                slot->load(layer, rows[i], labelled);
            }
        }
    };
    const auto consume = [&](std::uint64_t chunk, std::size_t place) {
        const NodeRange range = range_of(chunk);
        const LadenNode* slot = &slots[place * crew_.stride];
        const LadenNode* last = slot + range.size() - 1;
        for (std::uint64_t node = range.first; node < range.last; ++node, ++slot) {
            const LadenNode* soon = std::min(slot + kFetchAhead, last);
            hash.label(node, slot->node, soon->node, layer.labels + kNodeBytes * node);
        }
        report(on_labelled, range.last - nodes.first, range.size());
    };
    conveyor.run(crew_.producers, produce, consume);
}

}  // namespace pc1
