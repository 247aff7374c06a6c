// The Feistel network, eight values at a time.
#include "tools/pc1/feistel.h"

#include "tools/pc1/bytes.h"

#include <algorithm>
#include <cstddef>

namespace pc1 {
namespace {

// The network hashes and reads big-endian numbers, the hash works on little-endian words.
std::uint64_t swapped(std::uint64_t value) {
    return __builtin_bswap64(value);
}

}  // namespace

FeistelPermutation::FeistelPermutation(std::uint64_t domain, std::uint64_t key0, std::uint64_t key1,
                                       std::uint64_t key2, const Blake2bKernel& kernel)
    : domain_(domain), key_words_{swapped(key0), swapped(key1), swapped(key2)}, kernel_(&kernel) {
    while (std::uint64_t{1} << (2 * half_bits_) < domain) {
        ++half_bits_;
    }
    half_mask_ = (std::uint64_t{1} << half_bits_) - 1;
}

void FeistelPermutation::images(std::uint64_t first, std::span<std::uint64_t> images) const {
    // Until the end of a batch an entry holds how far its walk has come.
    constexpr std::size_t kMostWalks = 128;
    std::array<std::uint32_t, kMostWalks> walking;  // entries that have not arrived
    while (!images.empty()) {
        const auto batch = images.first(std::min(images.size(), kMostWalks));
        std::size_t left = batch.size();
        for (std::size_t i = 0; i < left; ++i) {
            batch[i] = first + i;
            walking[i] = static_cast<std::uint32_t>(i);
        }
        while (left > 0) {
            std::size_t still_walking = 0;
            for (std::size_t at = 0; at < left; at += kBlake2bLanes) {
                const std::size_t lanes = std::min(kBlake2bLanes, left - at);
                Values values{};
                for (std::size_t i = 0; i < lanes; ++i) {
                    values[i] = batch[walking[at + i]];
                }
                pass(values);
                for (std::size_t i = 0; i < lanes; ++i) {
                    const std::uint32_t entry = walking[at + i];
                    batch[entry] = values[i];
                    if (values[i] >= domain_) {
                        walking[still_walking++] = entry;
                    }
                }
            }
            left = still_walking;
        }
        first += batch.size();
        images = images.subspan(batch.size());
    }
}

void FeistelPermutation::pass(Values& values) const {
    Values left{};
    Values right{};
    for (std::size_t i = 0; i < values.size(); ++i) {
        left[i] = values[i] >> half_bits_;
        right[i] = values[i] & half_mask_;
    }
    for (const std::uint64_t key_word : key_words_) {
        Values hashed{};
        for (std::size_t i = 0; i < values.size(); ++i) {
            hashed[i] = swapped(right[i]);
        }
        kernel_->heads(hashed.data(), key_word, hashed.data());
        for (std::size_t i = 0; i < values.size(); ++i) {
            const std::uint64_t mixed = left[i] ^ (swapped(hashed[i]) & half_mask_);
            left[i] = right[i];
            right[i] = mixed;
        }
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = left[i] << half_bits_ | right[i];
    }
}

}  // namespace pc1
