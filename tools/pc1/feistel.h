// The permutation behind the expander parents: a Feistel network of three rounds, with cycle walking where
// the domain is no power of four (section 5 of the SDR specification).
#pragma once

#include "tools/pc1/blake2b.h"

#include <array>
#include <cstdint>
#include <span>

namespace pc1 {

// Immutable; thread-safe.
class FeistelPermutation {
  public:
    // Permutes 0 .. domain - 1, for 1 <= domain <= 2^35.
    FeistelPermutation(std::uint64_t domain, std::uint64_t key0, std::uint64_t key1, std::uint64_t key2,
                       const Blake2bKernel& kernel = best_blake2b_kernel());

    // images[i] = where first + i goes, i = 0 .. images.size() - 1, all of them within the domain. Fastest
    // with 64 or more at a time: all walks are taken side by side, those that have arrived make room for
    // others.
    void images(std::uint64_t first, std::span<std::uint64_t> images) const;

  private:
    using Values = std::array<std::uint64_t, kBlake2bLanes>;

    void pass(Values& values) const;

    std::uint64_t domain_;
    std::array<std::uint64_t, 3> key_words_;  // as they stand in the hashed message
    unsigned half_bits_ = 1;                  // the network permutes 0 .. 4^half_bits - 1
    std::uint64_t half_mask_ = 0;
    const Blake2bKernel* kernel_;
};

}  // namespace pc1
