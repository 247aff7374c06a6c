// Labelling one layer of a sector (section 6 of the SDR specification).
#pragma once

#include "tools/pc1/bytes.h"
#include "tools/pc1/parent_table.h"
#include "tools/pc1/sha256_kernels.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace pc1 {

// One layer in the making: `labels` is written, `previous` is read. Both hold kNodeBytes a node, label v at
// offset 32 v; what `labels` held before does not matter, so two buffers can take turns.
struct Layer {
    std::uint32_t number = 1;                // counted from 1
    const std::uint8_t* previous = nullptr;  // the layer before; not read for layer 1
    std::uint8_t* labels = nullptr;
};

// Holds what stays the same from layer to layer. The table and the kernel must outlive it. Labelling is
// sequential by nature: every label is hashed into the next one. Different layers of different sectors may
// run in parallel.
class Labeller {
  public:
    Labeller(const Bytes32& replica_id, const ParentTable& parents, const Sha256Kernel& kernel);

    // Writes the labels first .. last - 1. Those before `first` must have been written; a layer may be done
    // in parts so that the caller can show its progress.
    void label(const Layer& layer, std::uint64_t first, std::uint64_t last) const;

  private:
    // 20 blocks of two halves (header, 37 parents, padding), and what the nodes after this one will need.
    struct Message {
        std::array<const std::uint8_t*, 40> halves;
        std::array<const std::uint8_t*, 20> soon;
    };

    void label_node_zero(const Layer& layer) const;
    void gather_first_layer(const Layer& layer, std::uint64_t node, Message& message) const;
    void gather_later_layer(const Layer& layer, std::uint64_t node, Message& message) const;

    Bytes32 replica_id_;
    const ParentTable* parents_;
    const Sha256Kernel* kernel_;
};

}  // namespace pc1
