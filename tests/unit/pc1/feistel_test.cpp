// The permutation behind the expander parents.
#include "tools/pc1/feistel.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace pc1 {
namespace {

std::vector<std::uint64_t> all_images(const FeistelPermutation& permutation, std::uint64_t domain) {
    std::vector<std::uint64_t> images(domain);
    permutation.images(0, images);
    return images;
}

TEST(Feistel, SendsEveryNumberToAPlaceOfItsOwnWithinAnyDomain) {
    for (const std::uint64_t domain : {1U, 2U, 4U, 5U, 8U, 16U, 17U, 384U, 1024U, 5000U}) {
        auto images = all_images(FeistelPermutation(domain, 1, 2, 3), domain);
        std::vector<std::uint64_t> expected(domain);
        std::iota(expected.begin(), expected.end(), 0);
        std::ranges::sort(images);
        EXPECT_EQ(images, expected) << "domain of " << domain;
    }
}

TEST(Feistel, GivesTheSameInOneGoAndOneByOne) {
    constexpr std::uint64_t kDomain = 3000;  // no power of four, so walks differ in length
    const FeistelPermutation permutation(kDomain, 4, 5, 6);
    const auto images = all_images(permutation, kDomain);
    for (std::uint64_t x = 0; x < kDomain; ++x) {
        std::uint64_t image = 0;
        permutation.images(x, {&image, 1});
        EXPECT_EQ(image, images[x]);
    }
}

TEST(Feistel, GivesTheSameWithEveryImplementationOfTheHash) {
    constexpr std::uint64_t kDomain = std::uint64_t{1} << 33;
    constexpr std::uint64_t kFirst = kDomain - 1000;
    std::vector<std::uint64_t> expected(1000);
    FeistelPermutation(kDomain, 7, 8, 9, kBlake2bPortable).images(kFirst, expected);
    for (const Blake2bKernel* kernel : blake2b_kernels()) {
        std::vector<std::uint64_t> images(expected.size());
        FeistelPermutation(kDomain, 7, 8, 9, *kernel).images(kFirst, images);
        EXPECT_EQ(images, expected) << kernel->name;
    }
}

}  // namespace
}  // namespace pc1
