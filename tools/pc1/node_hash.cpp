// The message of a node, block by block.
#include "tools/pc1/node_hash.h"

#include <algorithm>

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

}  // namespace

HeaderHash::HeaderHash(const Bytes32& replica_id, std::uint32_t layer, const Sha256Kernel& kernel)
    : kernel_(&kernel) {
    std::ranges::copy(replica_id, header_.begin());
    store_be(header_.data() + 32, layer);
}

Sha256State HeaderHash::of(std::uint64_t node) const {
    auto header = header_;
    store_be(header.data() + 36, node);
    auto state = std::to_array(kSha256InitialState);
    kernel_->absorb(state.data(), header.data(), 1);
    return state;
}

ParentsHash::ParentsHash(std::uint32_t layer, const Sha256Kernel& kernel)
    : hashed_parents_(layer == 1 ? kBaseParents : kParents), kernel_(&kernel) {}

void ParentsHash::label(const PreparedNode& node, const PreparedNode& soon, std::uint8_t* label) const {
    const std::uint8_t* last_parent = node.labels[(kHashedParents - 1) % hashed_parents_];
    const CyclicMessage message{.halves = node.labels.data(),
                                .blocks_in_turn = hashed_parents_ / 2,
                                .blocks = kHashedParents / 2,
                                .last = {last_parent, kPaddingAfterParents.data()}};
    kernel_->finish_label(node.state.data(), message, soon.labels.data(), label);
}

void ParentsHash::label_node_zero(Sha256State state, std::uint8_t* label) const {
    kernel_->absorb(state.data(), kPaddingAfterHeader.data(), 1);
    for (std::size_t i = 0; i < state.size(); ++i) {
        store_be(label + 4 * i, state[i]);
    }
    label[kNodeBytes - 1] &= 0x3f;  // a number of 254 bits, little-endian
}

}  // namespace pc1
