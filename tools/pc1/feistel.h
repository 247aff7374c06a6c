// The permutation behind the expander parents: a Feistel network of three rounds, with cycle walking where
// the domain is no power of four (section 5 of the SDR specification).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace pc1 {

// A round's function is a hash of one half of the number. A half has so few values (131,072 for a 32 GiB
// sector) that all are hashed beforehand: 1.5 MiB of tables take the place of the 48 hashes that a node would
// need. Immutable; thread-safe.
class FeistelPermutation {
  public:
    static constexpr std::size_t kRounds = 3;

    // Permutes 0 .. domain - 1, for 1 <= domain <= 2^35. Takes some 0.1 us for each entry of the tables, of
    // which there are less than six times the square root of the domain.
    FeistelPermutation(std::uint64_t domain, const std::array<std::uint64_t, kRounds>& keys);

    // images[i] = where first + i goes, i = 0 .. images.size() - 1, all of them within the domain. Fastest
    // with 64 or more at a time.
    void images(std::uint64_t first, std::span<std::uint64_t> images) const;

  private:
    [[nodiscard]] std::uint64_t pass(std::uint64_t value) const;

    std::uint64_t domain_;
    unsigned half_bits_ = 1;  // the network permutes 0 .. 4^half_bits - 1
    std::uint64_t half_mask_ = 0;
    std::array<std::vector<std::uint32_t>, kRounds>
        round_;  // [the right half] -> what the left is xored with
};

}  // namespace pc1
