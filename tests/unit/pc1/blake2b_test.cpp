// BLAKE2b-512 of 16 bytes: known answers (from Python's hashlib) and every implementation against them.
#include "tools/pc1/blake2b.h"

#include "tools/pc1/bytes.h"
#include "tools/pc1/cpu.h"

#include <gmock/gmock.h>

#include <random>

namespace pc1 {
namespace {

TEST(Blake2b, GivesTheKnownDigests) {
    EXPECT_EQ(to_hex(blake2b_512(0, 0)),
              "739a3012ff930845420e90a6eb7289025915575667c214bee93eed65f336a7ab"
              "378d8d4edc53e016837de586ce62d0aa831b3b1d77de3883d92313f95663f5f8");
    EXPECT_EQ(to_hex(blake2b_512(0x0706050403020100, 0x0f0e0d0c0b0a0908)),
              "bfbabbef45554ccfa0dc83752a19cc35d5920956b301d558d772282bc8670091"
              "68e9e98606bb5ba73a385de5749228c925a85019b71f72fe29b3cd37ca52efe6");
    EXPECT_EQ(to_hex(blake2b_512(~0ULL, ~0ULL)),
              "2244fc4135cfb0fb0b43243aad8ad292ca521cd9ee0cf19549790fea2e52c590"
              "710f464397260ca51675da15e38049224bcb87f4c977a16f0ab4548a33a42a76");
}

TEST(Blake2b, GivesTheHeadsOfEightDigestsAtOnceWithEveryImplementation) {
    std::mt19937_64 generator(1);
    for (const Blake2bKernel* kernel : blake2b_kernels()) {
        SCOPED_TRACE(kernel->name);
        for (int round = 0; round < 100; ++round) {
            std::array<std::uint64_t, kBlake2bLanes> first_words{};
            for (auto& word : first_words) {
                word = generator();
            }
            const std::uint64_t second_word = generator();
            std::array<std::uint64_t, kBlake2bLanes> heads{};
            kernel->heads(first_words.data(), second_word, heads.data());
            for (std::size_t lane = 0; lane < kBlake2bLanes; ++lane) {
                const auto digest = blake2b_512(first_words[lane], second_word);
                EXPECT_EQ(heads[lane], load_le<std::uint64_t>(digest.data())) << "lane " << lane;
            }
            kernel->heads(first_words.data(), second_word, first_words.data());
            EXPECT_EQ(first_words, heads) << "in place";
        }
    }
}

TEST(Blake2b, UsesTheInstructionsOfTheCpuIfItHasThem) {
    const std::size_t wide = (cpu::has_avx2() ? 1U : 0U) + (cpu::has_avx512() ? 1U : 0U);
    EXPECT_EQ(blake2b_kernels().size(), 1 + wide);
}

}  // namespace
}  // namespace pc1
