// SplitMix64 of each word's index: every word can be computed alone.
#include "tools/pc1/pseudo_random.h"

#include <cstring>
#include <thread>
#include <vector>

namespace pc1 {
namespace {

std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

void fill_words(std::uint8_t* bytes, std::uint64_t seed, std::uint64_t first, std::uint64_t last) {
    constexpr std::uint64_t kGoldenRatio = 0x9e3779b97f4a7c15;
    for (std::uint64_t i = first; i < last; ++i) {
        const std::uint64_t word = mixed(seed + (i + 1) * kGoldenRatio);
        std::memcpy(bytes + 8 * i, &word, sizeof word);
    }
}

}  // namespace

void fill_pseudo_random(std::span<std::uint8_t> bytes, std::uint64_t seed, unsigned threads) {
    const std::uint64_t words = bytes.size() / 8;
    const auto share = [&](unsigned i) { return words * i / threads; };
    std::vector<std::jthread> helpers;
    for (unsigned i = 1; i < threads; ++i) {
        helpers.emplace_back(fill_words, bytes.data(), seed, share(i), share(i + 1));
    }
    fill_words(bytes.data(), seed, 0, share(1));
}

}  // namespace pc1
