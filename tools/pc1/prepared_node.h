// A node as far as it can be made ready before its predecessor has its label.
#pragma once

#include "tools/pc1/layer.h"
#include "tools/pc1/parent_source.h"

#include <array>
#include <cstdint>

namespace pc1 {

using Sha256State = std::array<std::uint32_t, 8>;

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

}  // namespace pc1
