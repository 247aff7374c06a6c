// The network from its tables, and walks side by side.
#include "tools/pc1/feistel.h"

#include "tools/pc1/blake2b.h"

#include <algorithm>

namespace pc1 {
namespace {

// The hash is of two big-endian numbers and gives one; blake2b_512 has little-endian words.
std::uint64_t hash(std::uint64_t half, std::uint64_t key) {
    return __builtin_bswap64(blake2b_512(__builtin_bswap64(half), __builtin_bswap64(key))[0]);
}

}  // namespace

FeistelPermutation::FeistelPermutation(std::uint64_t domain, const std::array<std::uint64_t, kRounds>& keys)
    : domain_(domain) {
    while (std::uint64_t{1} << (2 * half_bits_) < domain) {
        ++half_bits_;
    }
    half_mask_ = (std::uint64_t{1} << half_bits_) - 1;
    for (std::size_t round = 0; round < kRounds; ++round) {
        round_[round].resize(half_mask_ + 1);
        for (std::uint64_t half = 0; half <= half_mask_; ++half) {
            round_[round][half] = static_cast<std::uint32_t>(hash(half, keys[round]) & half_mask_);
        }
    }
}

inline std::uint64_t FeistelPermutation::pass(std::uint64_t value) const {
    std::uint64_t left = value >> half_bits_;
    std::uint64_t right = value & half_mask_;
    for (const auto& round : round_) {
        left ^= round[right];
        std::swap(left, right);
    }
    return left << half_bits_ | right;
}

// Walks end after one step or several, at random, and a branch on that would be mispredicted at every other
// number; so all of a batch step at once, and those that have arrived drop out of the list without a branch.
void FeistelPermutation::images(std::uint64_t first, std::span<std::uint64_t> images) const {
    constexpr std::size_t kBatch = 128;
    std::array<std::uint32_t, kBatch> walking;  // entries that have not arrived
    while (!images.empty()) {
        const auto batch = images.first(std::min(images.size(), kBatch));
        std::size_t left = 0;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            batch[i] = pass(first + i);
            walking[left] = static_cast<std::uint32_t>(i);
            left += batch[i] >= domain_ ? 1U : 0U;
        }
        while (left > 0) {
            std::size_t still_walking = 0;
            for (std::size_t i = 0; i < left; ++i) {
                const std::uint32_t entry = walking[i];
                batch[entry] = pass(batch[entry]);
                walking[still_walking] = entry;
                still_walking += batch[entry] >= domain_ ? 1U : 0U;
            }
            left = still_walking;
        }
        first += batch.size();
        images = images.subspan(batch.size());
    }
}

}  // namespace pc1
