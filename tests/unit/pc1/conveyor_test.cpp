// Work done ahead by some threads, taken over in order by one.
#include "tools/pc1/conveyor.h"

#include <gmock/gmock.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace pc1 {
namespace {

TEST(Conveyor, HandsOverEveryChunkOnceAndInOrder) {
    constexpr std::uint64_t kChunks = 1000;
    for (const std::size_t places : {1U, 2U, 3U, 16U, 2000U}) {
        for (const unsigned producers : {1U, 2U, 7U}) {
            SCOPED_TRACE(std::to_string(places) + " places, " + std::to_string(producers) + " producers");
            std::vector<std::uint64_t> held(places);
            std::vector<std::uint64_t> got;
            Conveyor conveyor(kChunks, places);
            conveyor.run(
                producers, [&](std::uint64_t chunk, std::size_t place) { held[place] = 3 * chunk; },
                [&](std::uint64_t, std::size_t place) { got.push_back(held[place]); });
            ASSERT_EQ(got.size(), kChunks);
            for (std::uint64_t chunk = 0; chunk < kChunks; ++chunk) {
                ASSERT_EQ(got[chunk], 3 * chunk);
            }
        }
    }
}

TEST(Conveyor, LetsProducersReadWhatWasConsumed) {
    constexpr std::uint64_t kChunks = 1000;
    std::vector<std::uint64_t> consumed(kChunks);
    std::atomic<int> wrong = 0;
    Conveyor conveyor(kChunks, 4);
    conveyor.run(
        3,
        [&](std::uint64_t chunk, std::size_t) {
            const std::uint64_t count = conveyor.consumed();
            if (count > chunk || chunk - count >= 4 || (count > 0 && consumed[count - 1] != count)) {
                ++wrong;
            }
        },
        [&](std::uint64_t chunk, std::size_t) { consumed[chunk] = chunk + 1; });
    EXPECT_EQ(wrong, 0);
}

TEST(Conveyor, HasNothingToDoWithoutChunks) {
    Conveyor(0, 1).run(
        2, [](auto, auto) { FAIL(); }, [](auto, auto) { FAIL(); });
}

TEST(Conveyor, EndsWithTheExceptionOfEitherSide) {
    for (const std::size_t places : {1U, 8U}) {
        EXPECT_THROW(Conveyor(1000, places)
                         .run(
                             3,
                             [](std::uint64_t chunk, std::size_t) {
                                 if (chunk == 500) {
                                     throw std::out_of_range("producer");
                                 }
                             },
                             [](auto, auto) {}),
                     std::out_of_range);
        EXPECT_THROW(Conveyor(1000, places)
                         .run(
                             3, [](auto, auto) {},
                             [](std::uint64_t chunk, std::size_t) {
                                 if (chunk == 500) {
                                     throw std::length_error("consumer");
                                 }
                             }),
                     std::length_error);
    }
}

}  // namespace
}  // namespace pc1
