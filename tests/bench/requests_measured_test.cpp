// What bench/requests.cpp measures, without its largest pool.
#include "tests/bench/measured.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

constexpr PageKind kEnoughForAllButTheLargest{"Huge2M", 2UL << 20, 241UL * (2UL << 20)};

std::string take(int files, const std::string& zero) {
    return "lease/take/files:" + std::to_string(files) + "/leased:" + std::to_string(files - 1) +
           "/bytes:2097152/zero:" + zero;
}

std::string give_back(int files, const std::string& zero) {
    return "lease/give back" + take(files, zero).substr(std::string("lease/take").size());
}

TEST(RequestsMeasured, AreOfSmallAndLargePoolsAndCrowdsHuge2M) {
    const Pool pool(kEnoughForAllButTheLargest);
    if (!pool.missing().empty()) {
        GTEST_SKIP() << pool.missing();
    }
    const Measured measured = measure(REQUESTS, {{"BENCH_HUGETLBFS", pool.path().string()}});
    for (const std::string zero : {"always", "never"}) {
        for (const int files : {1, 10, 100}) {
            expect_measured(measured, take(files, zero));
            expect_measured(measured, give_back(files, zero));
        }
        EXPECT_NE(measured.left_out.at(take(1000, zero)), "");
    }
    for (const std::string mappings : {"0", "1000", "10000"}) {
        expect_measured(measured, "mappings/take/mappings:" + mappings);
        expect_measured(measured, "mappings/mmap passed on/mappings:" + mappings);
    }
    for (int processes = 1; processes <= 64; processes *= 2) {
        expect_measured(measured, "contention/take and give back/processes:" + std::to_string(processes));
    }
}

TEST(RequestsMeasured, SayWhatIsMissingWhereThereAreNoHugePages) {
    const Measured measured = measure(REQUESTS);
    EXPECT_TRUE(measured.values.empty());
    EXPECT_EQ(measured.left_out.at(take(1, "always")),
              "BENCH_HUGETLBFS names no folder on hugetlbfs with pages of 2 MiB");
}

}  // namespace
}  // namespace tests
