// What the programs that measure share.
#include "bench/support/benchmarks.h"
#include "bench/support/cpus.h"
#include "bench/support/pages.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <vector>

namespace tests {
namespace {

TEST(Shares, AreAllOfTheWholeAndBeginAtUnits) {
    for (const std::size_t parts : {1U, 2U, 3U, 7U}) {
        std::size_t at = 0;
        for (std::size_t i = 0; i < parts; ++i) {
            const bench::Share share = bench::share_of(10 * 64 + 5, i, parts, 64);
            EXPECT_EQ(share.begin, at);
            EXPECT_EQ(share.begin % 64, 0U);
            at += share.length;
        }
        EXPECT_EQ(at, 10 * 64 + 5U);
    }
}

TEST(Crew, WorksAtOnceAndHandsOnWhatIsThrown) {
    bench::Crew crew(bench::stay_on_one_node().cpus);
    std::atomic<std::size_t> sum = 0;
    EXPECT_GE(crew.run(crew.size(), [&](std::size_t i) { sum += i + 1; }), 0);
    EXPECT_EQ(sum, crew.size() * (crew.size() + 1) / 2);
    EXPECT_THROW(crew.run(1, [](std::size_t) { throw bench::Missing("something"); }), bench::Missing);
    EXPECT_GE(crew.run(1, [](std::size_t) {}), 0);
}

TEST(Pages, AreNotTakenOnTrust) {
    const int node = bench::stay_on_one_node().node.value;
    std::vector<char> memory(1 << 20, 1);
    const auto begin = (reinterpret_cast<std::uintptr_t>(memory.data()) + 4095) / 4096 * 4096;
    const auto* const page = reinterpret_cast<const void*>(begin);
    constexpr std::size_t kBytes = 512 << 10;
    EXPECT_THROW(bench::expect_pages(page, kBytes, bench::Pages::k2MiB, node), bench::Missing);
    EXPECT_THROW(bench::expect_pages(page, kBytes, bench::Pages::kThp, node), bench::Missing);
    EXPECT_NO_THROW(bench::expect_pages(page, kBytes, bench::Pages::k4KiB, node));
}

}  // namespace
}  // namespace tests
