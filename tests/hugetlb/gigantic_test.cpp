// 1 GiB pages, where the machine gives two: fragmented memory often has none.

#include "tests/preload/preloaded.h"

namespace tests {
namespace {

constexpr std::uint64_t kGiB = 1UL << 30;
constexpr PageKind kHuge1G{"Huge1G", kGiB, 2 * kGiB};

TEST(Gigantic, PagesServeTwoBuffersOfOneGibibyte) {
    const Pool pool(kHuge1G);
    if (!pool.missing().empty()) {
        GTEST_SKIP() << pool.missing();
    }
    const auto made =
        run({FILE_INIT, "--node=0", "--num=2", "--size=1GiB", "--path=" + pool.path().string()});
    ASSERT_EQ(made.exit_status, 0) << made.err;
    const auto environment =
        preloaded({{"HUGEPAGE_FILES_PATH", pool.path().string()}, {"HUGEPAGE_MODE", "require"}});
    const std::string on_1g = "memory: file 1048576kB\n";
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(run({PROBE, "map", bytes(kGiB)}, environment).out,
                  on_1g + "fresh: zero\nunmap: 0\nafter: unmapped\n");
    }
    EXPECT_EQ(run({PROBE, "hold", bytes(kGiB), "2"}, environment).out, on_1g + on_1g + "holding\n");
}

}  // namespace
}  // namespace tests
