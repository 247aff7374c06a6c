// The hot loop: per node, point at what is to be hashed, hash it, store the label.
#include "tools/pc1/labels.h"

#include "tools/pc1/sha256.h"

#include <algorithm>

namespace pc1 {
namespace {

constexpr std::size_t kParentsStart = 2;  // in halves; the header fills the first block
constexpr std::size_t kHashedParents = 37;
constexpr std::size_t kPaddingHalf = kParentsStart + kHashedParents;

// How far ahead of the hashing the parents are fetched: far enough, at some 700 ns a node, for misses in the
// TLB and in every cache; and so near that they are not lost again.
constexpr std::uint64_t kFetchAhead = 4;

// replica_id || be32(layer) || be64(node) || zeros
class Header {
  public:
    Header(const Bytes32& replica_id, std::uint32_t layer) {
        std::ranges::copy(replica_id, bytes_.begin());
        store_be(bytes_.data() + 32, layer);
    }
    void set_node(std::uint64_t node) { store_be(bytes_.data() + 36, node); }
    const std::uint8_t* half(std::size_t i) const { return bytes_.data() + 32 * i; }
    std::span<const std::uint8_t> bytes() const { return bytes_; }

  private:
    std::array<std::uint8_t, 64> bytes_{};
};

// Ends every message but that of node 0: a one bit, zeros, the length in bits.
constexpr std::array<std::uint8_t, 32> kPadding = [] {
    std::array<std::uint8_t, 32> padding{0x80};
    constexpr std::size_t kBits = 8 * (64 + kHashedParents * kNodeBytes);
    static_assert(kBits == 0x2700);
    padding[30] = kBits >> 8;
    padding[31] = kBits & 0xff;
    return padding;
}();

// Labels are numbers of 254 bits, little-endian.
void clear_top_bits(std::uint8_t* label) {
    label[kNodeBytes - 1] &= 0x3f;
}

}  // namespace

Labeller::Labeller(const Bytes32& replica_id, const ParentTable& parents, const Sha256Kernel& kernel)
    : replica_id_(replica_id), parents_(&parents), kernel_(&kernel) {}

void Labeller::label(const Layer& layer, std::uint64_t first, std::uint64_t last) const {
    if (first == 0 && first < last) {
        label_node_zero(layer);
        first = 1;
    }
    Header header(replica_id_, layer.number);
    Message message{};
    message.halves[0] = header.half(0);
    message.halves[1] = header.half(1);
    message.halves[kPaddingHalf] = kPadding.data();
    message.soon.fill(header.half(0));  // in the cache anyway
    for (std::uint64_t node = first; node < last; ++node) {
        header.set_node(node);
        if (layer.number == 1) {
            gather_first_layer(layer, node, message);
        } else {
            gather_later_layer(layer, node, message);
        }
        auto state = std::to_array(kSha256InitialState);
        kernel_->absorb_halves(state.data(), message.halves.data(), message.soon.data(), message.soon.size());

        std::uint8_t* label = layer.labels + kNodeBytes * node;
        for (std::size_t i = 0; i < state.size(); ++i) {
            store_be(label + 4 * i, state[i]);
        }
        clear_top_bits(label);
    }
}

// The only one without parents.
void Labeller::label_node_zero(const Layer& layer) const {
    Header header(replica_id_, layer.number);
    header.set_node(0);
    const Bytes32 digest = Sha256(*kernel_).update(header.bytes()).finish();
    std::ranges::copy(digest, layer.labels);
    clear_top_bits(layer.labels);
}

// The six base parents six times over, then the first of them once more.
void Labeller::gather_first_layer(const Layer& layer, std::uint64_t node, Message& message) const {
    const ParentRow& row = parents_->row(node);
    const ParentRow& later = parents_->row(std::min(node + kFetchAhead, parents_->nodes() - 1));
    for (std::size_t i = 0; i < kBaseParents; ++i) {
        const std::uint8_t* parent = layer.labels + kNodeBytes * row[i];
        for (std::size_t at = kParentsStart + i; at < kPaddingHalf; at += kBaseParents) {
            message.halves[at] = parent;
        }
        message.soon[i] = layer.labels + kNodeBytes * later[i];
    }
}

// All fourteen parents twice, then the first nine of them.
void Labeller::gather_later_layer(const Layer& layer, std::uint64_t node, Message& message) const {
    const ParentRow& row = parents_->row(node);
    const ParentRow& later = parents_->row(std::min(node + kFetchAhead, parents_->nodes() - 1));
    for (std::size_t i = 0; i < kParents; ++i) {
        const std::uint8_t* from = i < kBaseParents ? layer.labels : layer.previous;
        const std::uint8_t* parent = from + kNodeBytes * row[i];
        for (std::size_t at = kParentsStart + i; at < kPaddingHalf; at += kParents) {
            message.halves[at] = parent;
        }
        message.soon[i] = from + kNodeBytes * later[i];
    }
}

}  // namespace pc1
