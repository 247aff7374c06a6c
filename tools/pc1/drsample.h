// Base parents by bucket sampling (section 4 of the SDR specification).
#pragma once

#include "tools/pc1/chacha8.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace pc1 {

// The sampled parents of one node in the order drawn; duplicates stay.
using DrSample = std::array<std::uint32_t, 5>;

// Immutable; thread-safe.
class DrSampler {
  public:
    static constexpr std::size_t kAtATime = kChachaLanes;

    explicit DrSampler(const std::array<std::uint8_t, 28>& seed,
                       const Chacha8Kernel& kernel = best_chacha8_kernel());

    // samples[i] = the five sampled parents of node first + i, for up to kAtATime nodes. Those of a node from
    // 2 on are all lower than it and do not depend on the size of the sector; those of nodes 0 and 1 are 0.
    void sample(std::uint32_t first, std::span<DrSample> samples) const;

  private:
    std::array<std::uint32_t, 7> seed_;
    const Chacha8Kernel* kernel_;
};

}  // namespace pc1
