// Labelling one layer of a sector (section 6 of the SDR specification): a label is the hash of a header
// block, the parents' labels in their pattern, and padding.
#pragma once

#include "tools/pc1/graph.h"
#include "tools/pc1/sha256_kernels.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace pc1 {

// One layer in the making. `labels` is written, `previous` is read. Both hold kNodeBytes a node, label v at
// offset 32 v; what `labels` held before does not matter, so two buffers can take turns.
struct Layer {
    std::uint32_t number = 1;                // counted from 1
    const std::uint8_t* previous = nullptr;  // the layer before; not read for layer 1
    std::uint8_t* labels = nullptr;
};

using Sha256State = std::array<std::uint32_t, 8>;

// So many of a node's parents are hashed, the first ones: before layer 1 there are no labels.
[[nodiscard]] constexpr std::size_t hashed_parents(std::uint32_t layer) {
    return layer == 1 ? kBaseParents : kParents;
}

// A node as far as it can be made ready before its predecessor has its label.
struct PreparedNode {
    Sha256State state;                                 // after the header block
    std::array<const std::uint8_t*, kParents> labels;  // where its parents' labels are, in hashing order
};

// `state` is that after the header; `row` are the node's parents, whose labels are pointed at in the layers.
[[nodiscard]] PreparedNode prepare(const Layer& layer, const Sha256State& state, const ParentRow& row);

// A node that takes its parents' labels along, so that who hashes it need not go and find them.
struct alignas(64) LadenNode {
    PreparedNode node;
    std::array<std::array<std::uint8_t, kNodeBytes>, kParents> copies;

    // Copies the labels of those parents that have one: base parents below `labelled`, and in all layers but
    // the first the expander parents. Stays in place from then on: the node points into the copies.
    void load(const Layer& layer, const ParentRow& row, std::uint64_t labelled);
};

// The hash of a layer's nodes. Immutable; thread-safe.
class NodeHash {
  public:
    // `layer` is counted from 1. The kernel must outlive this.
    NodeHash(const Bytes32& replica_id, std::uint32_t layer, const Sha256Kernel& kernel);

    // After the first of a node's 20 blocks, which no label is in.
    [[nodiscard]] Sha256State after_header(std::uint64_t node) const;

    // The other blocks: writes the label. In layer 1 only the base parents are looked at, of node 0 none. The
    // labels that `soon` will need are fetched into the cache meanwhile.
    void label(std::uint64_t node, const PreparedNode& prepared, const PreparedNode& soon,
               std::uint8_t* label) const;

  private:
    std::array<std::uint8_t, 64> header_{};  // of node 0
    std::size_t hashed_parents_;             // that differ
    const Sha256Kernel* kernel_;
};

// Every label is hashed into the next one, so there is one hashing thread, the caller's. Producers find and
// compute all that it needs beside the label before; without producers it does so itself.
struct Crew {
    unsigned producers = 1;
    std::size_t lookahead = 2048;  // nodes that may be ready and wait, 640 bytes each
    std::size_t stride = 128;      // nodes that a producer takes at a time; at most the lookahead
};

// Holds what stays the same from layer to layer. Thread-safe, each thread labelling a layer of its own.
class Labeller {
  public:
    // Source and kernel must outlive it.
    Labeller(const Bytes32& replica_id, const ParentSource& parents, const Sha256Kernel& kernel,
             const Crew& crew);

    // Labels before the first of `nodes` must be there; all others come out the same whatever was there.
    // Reports every few thousand nodes. Throws what the source of parents throws, and std::system_error if
    // there are no threads.
    void label(const Layer& layer, NodeRange nodes, const OnProgress& on_labelled = kSilent) const;

  private:
    void label_alone(const Layer& layer, NodeRange nodes, const OnProgress& on_labelled) const;
    void label_with_producers(const Layer& layer, NodeRange nodes, const OnProgress& on_labelled) const;

    Bytes32 replica_id_;
    const ParentSource* parents_;
    const Sha256Kernel* kernel_;
    Crew crew_;
};

}  // namespace pc1
