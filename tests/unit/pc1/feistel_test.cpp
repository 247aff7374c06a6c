// The permutation behind the expander parents.
#include "tools/pc1/graph.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

namespace pc1 {
namespace {

std::vector<std::uint64_t> all_images(const FeistelPermutation& permutation, std::uint64_t domain) {
    std::vector<std::uint64_t> images(domain);
    permutation.images(0, images);
    return images;
}

// From Python's hashlib.
TEST(Feistel, HashesByBlake2b) {
    EXPECT_EQ(FeistelPermutation::hash(0, 0), 0x739a3012ff930845);
    EXPECT_EQ(FeistelPermutation::hash(0x0001020304050607, 0x08090a0b0c0d0e0f), 0xbfbabbef45554ccf);
    EXPECT_EQ(FeistelPermutation::hash(~0ULL, ~0ULL), 0x2244fc4135cfb0fb);
}

TEST(Feistel, SendsEveryNumberToAPlaceOfItsOwnWithinAnyDomain) {
    for (const std::uint64_t domain : {1U, 2U, 4U, 5U, 8U, 16U, 17U, 384U, 1024U, 5000U}) {
        auto images = all_images(FeistelPermutation(domain, {1, 2, 3}), domain);
        std::vector<std::uint64_t> expected(domain);
        std::iota(expected.begin(), expected.end(), 0);
        std::ranges::sort(images);
        EXPECT_EQ(images, expected) << "domain of " << domain;
    }
}

TEST(Feistel, GivesTheSameInOneGoAndOneByOne) {
    constexpr std::uint64_t kDomain = 3000;  // no power of four, so walks differ in length
    const FeistelPermutation permutation(kDomain, {4, 5, 6});
    const auto images = all_images(permutation, kDomain);
    for (std::uint64_t x = 0; x < kDomain; ++x) {
        std::uint64_t image = 0;
        permutation.images(x, {&image, 1});
        EXPECT_EQ(image, images[x]);
    }
}

// The network as section 5 of the specification has it, without tables.
std::uint64_t walk(std::uint64_t x, std::uint64_t domain, const std::array<std::uint64_t, 3>& keys) {
    unsigned half = 1;
    while (std::uint64_t{1} << (2 * half) < domain) {
        ++half;
    }
    const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
    do {
        std::uint64_t left = x >> half;
        std::uint64_t right = x & mask;
        for (const std::uint64_t key : keys) {
            const std::uint64_t mixed = left ^ (FeistelPermutation::hash(right, key) & mask);
            left = right;
            right = mixed;
        }
        x = left << half | right;
    } while (x >= domain);
    return x;
}

TEST(Feistel, AgreesWithTheNetworkWalkedStepByStepUpToTheLargestDomain) {
    constexpr std::array<std::uint64_t, 3> kKeys{7, 8, 0xfedcba9876543210};
    std::mt19937_64 generator(1);
    for (const std::uint64_t domain : {std::uint64_t{512}, std::uint64_t{1} << 27, std::uint64_t{1} << 33,
                                       8 * std::uint64_t{0xffffffff}}) {
        const FeistelPermutation permutation(domain, kKeys);
        for (int i = 0; i < 200; ++i) {
            const std::uint64_t x = generator() % domain;
            std::uint64_t image = 0;
            permutation.images(x, {&image, 1});
            EXPECT_EQ(image, walk(x, domain, kKeys)) << x << " of " << domain;
        }
    }
}

}  // namespace
}  // namespace pc1
