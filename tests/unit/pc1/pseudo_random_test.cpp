// What stands in for labels that were not computed.
#include "tools/pc1/pseudo_random.h"

#include <gmock/gmock.h>

#include <vector>

namespace pc1 {
namespace {

std::vector<std::uint8_t> filled(std::uint64_t seed, unsigned threads) {
    std::vector<std::uint8_t> bytes(8 * 1001);
    fill_pseudo_random(bytes, seed, threads);
    return bytes;
}

TEST(PseudoRandom, DependsOnTheSeedOnly) {
    EXPECT_EQ(filled(1, 1), filled(1, 7));
    EXPECT_EQ(filled(1, 1), filled(1, 200));
    EXPECT_NE(filled(1, 1), filled(2, 1));
}

TEST(PseudoRandom, HasAboutAsManyOnesAsZeros) {
    std::size_t ones = 0;
    for (const std::uint8_t byte : filled(3, 2)) {
        ones += static_cast<std::size_t>(__builtin_popcount(byte));
    }
    const std::size_t bits = 8 * filled(3, 2).size();
    EXPECT_GT(ones, bits * 49 / 100);
    EXPECT_LT(ones, bits * 51 / 100);
}

}  // namespace
}  // namespace pc1
