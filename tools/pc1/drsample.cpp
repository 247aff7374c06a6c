// Bucket sampling: a node's distance to a parent is first drawn by its order of magnitude, then within that.
#include "tools/pc1/drsample.h"

#include "tools/pc1/bytes.h"

#include <algorithm>
#include <bit>

namespace pc1 {
namespace {

using KeyStreams = std::array<std::uint32_t[kChachaLanes], kChachaWords>;

// A draw is two words of the key stream, the low half first.
std::uint64_t draw(const KeyStreams& words, std::size_t number, std::size_t lane) {
    return words[2 * number][lane] | static_cast<std::uint64_t>(words[2 * number + 1][lane]) << 32;
}

// Sampling works on a graph of five times as many vertices with one parent each; `here` is the first of ours.
DrSample sample_node(std::uint32_t node, const KeyStreams& words, std::size_t lane) {
    DrSample sample{};
    const std::uint64_t here = sample.size() * std::uint64_t{node};
    const auto buckets = static_cast<std::uint64_t>(std::bit_width(here));
    for (std::size_t i = 0; i < sample.size(); ++i) {
        // NOLINTNEXTLINE(clang-analyzer-core.DivideZero): nodes 0 and 1 are not sampled
        const std::uint64_t bucket = draw(words, 2 * i, lane) % buckets + 1;
        const std::uint64_t farthest = std::min(here, std::uint64_t{1} << bucket);
        const std::uint64_t nearest = std::max(std::uint64_t{2}, farthest / 2);
        const std::uint64_t distance = nearest + draw(words, 2 * i + 1, lane) % (farthest - nearest + 1);
        sample[i] = static_cast<std::uint32_t>((here - distance) / sample.size());
    }
    return sample;
}

}  // namespace

DrSampler::DrSampler(const std::array<std::uint8_t, 28>& seed, const Chacha8Kernel& kernel)
    : kernel_(&kernel) {
    for (std::size_t i = 0; i < seed_.size(); ++i) {
        seed_[i] = load_le<std::uint32_t>(seed.data() + 4 * i);
    }
}

void DrSampler::sample(std::uint32_t first, std::span<DrSample> samples) const {
    KeyStreams words;
    kernel_->key_streams(seed_.data(), first, words.data());
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const auto node = static_cast<std::uint32_t>(first + i);
        samples[i] = node < 2 ? DrSample{} : sample_node(node, words, i);
    }
}

}  // namespace pc1
