// What bench/memory.cpp measures, on buffers of 64 MiB.
#include "bench/support/cpus.h"
#include "bench/support/pages.h"
#include "tests/bench/measured.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

constexpr const char* kBytes = "/bytes:67108864";

std::string threads(std::size_t count) {
    return "/threads:" + std::to_string(count);
}

// Of the kinds of pages that are to be had here; why each of the others is left out.
TEST(MemoryMeasured, IsOnAllKindsOfPagesThatThereAreHuge2M) {
    const Pool pool(kHuge2M);
    if (!pool.missing().empty()) {
        GTEST_SKIP() << pool.missing();
    }
    const Measured measured =
        measure(MEMORY, {{"BENCH_HUGETLBFS", pool.path().string()}, {"BENCH_BYTES", "67108864"}});
    const bool has_thp = bench::thp_mode() != "never";
    for (const bench::Pages kind : bench::kAllPages) {
        const std::string pages = std::string("/pages:") + bench::name_of(kind) + kBytes;
        const auto expect = [&](const std::string& name) {
            const bool is_there = kind == bench::Pages::kThp ? has_thp : kind != bench::Pages::k1GiB;
            if (is_there) {
                expect_measured(measured, name + pages);
            } else {
                EXPECT_NE(measured.left_out.at(name + pages), "");
            }
        };
        expect("reads/random");
        expect("reads/dependent");
        for (const std::size_t count : bench::thread_counts()) {
            for (const std::string way : {"touch", "MADV_POPULATE_WRITE", "mlock"}) {
                expect("populate/" + way + threads(count));
            }
            // Which of transparent huge pages is a matter of a setting that others may be changing.
            if (kind != bench::Pages::kThp) {
                expect("populate/MAP_POPULATE" + threads(count));
            }
            if (bench::is_hugetlb(kind)) {
                for (const std::string way : {"shim", "memset", "bandwidth"}) {
                    expect("zeroing/" + way + threads(count));
                }
#ifdef __x86_64__
                expect("zeroing/streaming stores" + threads(count));
#endif
            }
        }
    }
}

TEST(MemoryMeasured, SaysWhatIsMissingWhereThereAreNoHugePages) {
    const Measured measured = measure(MEMORY, {{"BENCH_HUGETLBFS", "/tmp"}, {"BENCH_BYTES", "67108864"}});
    expect_measured(measured, std::string("reads/random/pages:4 KiB") + kBytes);
    EXPECT_EQ(measured.left_out.at(std::string("reads/random/pages:2 MiB") + kBytes),
              "BENCH_HUGETLBFS: /tmp isn't hugetlbfs with pages of 2 MiB");
    EXPECT_EQ(measured.left_out.at(std::string("reads/random/pages:1 GiB") + kBytes),
              "BENCH_HUGETLBFS_1G names no folder on hugetlbfs with pages of 1 GiB");
}

}  // namespace
}  // namespace tests
