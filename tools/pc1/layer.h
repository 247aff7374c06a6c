// One layer of a sector in the making.
#pragma once

#include <cstdint>

namespace pc1 {

// `labels` is written, `previous` is read. Both hold kNodeBytes a node, label v at offset 32 v; what `labels`
// held before does not matter, so two buffers can take turns.
struct Layer {
    std::uint32_t number = 1;                // counted from 1
    const std::uint8_t* previous = nullptr;  // the layer before; not read for layer 1
    std::uint8_t* labels = nullptr;
};

}  // namespace pc1
