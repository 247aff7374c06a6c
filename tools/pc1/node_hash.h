// The label of one node (section 6 of the SDR specification): a header block, the parents' labels in their
// pattern, padding.
#pragma once

#include "tools/pc1/bytes.h"
#include "tools/pc1/prepared_node.h"
#include "tools/pc1/sha256_kernels.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace pc1 {

// The first of a node's 20 blocks, which no label is in. Immutable; thread-safe.
class HeaderHash {
  public:
    // `layer` is counted from 1. The kernel must outlive this.
    HeaderHash(const Bytes32& replica_id, std::uint32_t layer, const Sha256Kernel& kernel);

    [[nodiscard]] Sha256State of(std::uint64_t node) const;

  private:
    std::array<std::uint8_t, 64> header_{};  // of node 0
    const Sha256Kernel* kernel_;
};

// The other blocks. Immutable; thread-safe.
class ParentsHash {
  public:
    ParentsHash(std::uint32_t layer, const Sha256Kernel& kernel);

    // Writes the label of a node from 1 on. In layer 1 only the base parents are looked at. The labels that
    // `soon` will need are fetched into the cache meanwhile.
    void label(const PreparedNode& node, const PreparedNode& soon, std::uint8_t* label) const;

    // Node 0 has no parents.
    void label_node_zero(Sha256State state, std::uint8_t* label) const;

  private:
    std::size_t hashed_parents_;  // that differ
    const Sha256Kernel* kernel_;
};

}  // namespace pc1
