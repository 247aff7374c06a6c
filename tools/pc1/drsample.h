// Base parents by bucket sampling (section 4 of the SDR specification).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pc1 {

// In the order drawn; duplicates stay.
using DrSample = std::array<std::uint32_t, 5>;

// The five sampled parents of node >= 2, all lower than it. They do not depend on the size of the sector.
// Pure; thread-safe.
[[nodiscard]] DrSample sample_base_parents(const std::array<std::uint8_t, 28>& drg_seed, std::uint32_t node);

}  // namespace pc1
