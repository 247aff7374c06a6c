// The chain that bench/memory/reads.cpp follows.
#include "bench/memory/chain.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace tests {
namespace {

std::vector<bench::Slot> chain(unsigned bits) {
    std::vector<bench::Slot> slots(std::size_t{1} << bits);
    const bench::Order order(bits);
    bench::write_chain(slots.data(), order, 0, slots.size() / 3);  // by several
    bench::write_chain(slots.data(), order, slots.size() / 3, slots.size());
    return slots;
}

TEST(Chain, ComesByEverySlotOnceBeforeItBeginsAnew) {
    for (unsigned bits = 1; bits <= 18; ++bits) {
        const auto slots = chain(bits);
        std::uint64_t at = 0;
        std::size_t steps = 0;
        do {
            at = slots.at(at).next();
            ++steps;
        } while (at != 0 && steps <= slots.size());
        EXPECT_EQ(steps, slots.size()) << bits << " bits";
    }
}

TEST(Chain, CanBeUndoneForBuffersOfAnySize) {
    for (const unsigned bits : {21U, 30U, 31U, 35U}) {
        const bench::Order order(bits);
        const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
        for (std::uint64_t i = 0; i < 1000; ++i) {
            const std::uint64_t place = i * 0x9e37'79b9'7f4a'7c15 & mask;
            EXPECT_LE(order.of(place), mask);
            EXPECT_EQ(order.place_of(order.of(place)), place);
        }
    }
}

// A prefetcher looks for a distance that comes again. Of distances drawn by chance 63 % are different ones.
TEST(Chain, GoesAsFarAsChanceWould) {
    const auto slots = chain(16);
    std::set<std::uint64_t> distances;
    std::size_t near = 0;
    for (std::uint64_t i = 0; i < slots.size(); ++i) {
        const std::uint64_t distance = (slots[i].next() - i) % slots.size();
        distances.insert(distance);
        near += distance < 256 || distance > slots.size() - 256 ? 1U : 0U;
    }
    EXPECT_GT(distances.size(), slots.size() * 60 / 100);
    EXPECT_LT(near, slots.size() * 2 / 100);  // by chance 0.8 %
}

}  // namespace
}  // namespace tests
