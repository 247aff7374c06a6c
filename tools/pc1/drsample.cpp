// Bucket sampling: a node's distance to a parent is first drawn by its order of magnitude, then within that.
#include "tools/pc1/drsample.h"

#include "tools/pc1/chacha8.h"

#include <algorithm>
#include <bit>

namespace pc1 {

DrSample sample_base_parents(const std::array<std::uint8_t, 28>& drg_seed, std::uint32_t node) {
    Bytes32 key{};
    std::ranges::copy(drg_seed, key.begin());
    store_le(key.data() + drg_seed.size(), node);
    const auto draws = chacha8_draws(key);

    // Sampling works on a graph of five times as many vertices with one parent each; `here` is the first of
    // ours.
    DrSample sample{};
    const std::uint64_t here = sample.size() * std::uint64_t{node};
    const auto buckets = static_cast<std::uint64_t>(std::bit_width(here));
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const std::uint64_t bucket = draws[2 * i] % buckets + 1;
        const std::uint64_t farthest = std::min(here, std::uint64_t{1} << bucket);
        const std::uint64_t nearest = std::max(std::uint64_t{2}, farthest / 2);
        const std::uint64_t distance = nearest + draws[2 * i + 1] % (farthest - nearest + 1);
        sample[i] = static_cast<std::uint32_t>((here - distance) / sample.size());
    }
    return sample;
}

}  // namespace pc1
