// pc1-label compare: what it shows, and that it leaves the machine as it was.
#include "tests/cli/ctl/machine.h"
#include "tests/support/wait_until.h"

#include <gmock/gmock.h>

#include <csignal>

namespace tests {
namespace {

using testing::AllOf;
using testing::Each;
using testing::Gt;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kPools = "/run/hugepage-compare";

std::vector<std::string> compare(std::vector<std::string> more) {
    more.insert(more.begin(), {PC1_LABEL, "compare", "--sector", "64MiB", "--minutes"});
    return more;
}

class Compare : public CtlTest {
  protected:
    void TearDown() override {
        std::filesystem::remove_all(kPools);
        CtlTest::TearDown();
    }
    void SetUp() override {
        CtlTest::SetUp();
        before_ = reserved_pages();
    }
    void expect_nothing_of_it() const {
        EXPECT_EQ(reserved_pages(), before_);
        EXPECT_TRUE(std::filesystem::is_empty(temporary_.path()));
        EXPECT_FALSE(std::filesystem::exists(kPools));
        EXPECT_FALSE(std::filesystem::exists(kRun));
        EXPECT_THAT(read_file("/proc/self/mountinfo"), Not(HasSubstr(kPools)));
    }
    // Its pool's files are there, so it measures.
    [[nodiscard]] Environment environment() const { return {{"TMPDIR", temporary_.path()}}; }
    static bool has_files(const ChildProcess& child) {
        const auto folder = std::filesystem::path(kPools) / (std::to_string(child.pid()) + "-2048");
        return std::filesystem::exists(folder / "numa_0" / "64.0_MiB_1");
    }

    std::uint64_t before_ = 0;
    TempDir temporary_;
};

TEST_F(Compare, MeasuresEveryMemoryOnBothPaths) {
    const auto outcome = run(compare({"0.01", "--json"}), environment());
    ASSERT_TRUE(outcome.ok()) << outcome.err;
    EXPECT_THAT(outcome.err, IsEmpty());
    const auto report = json_of(outcome);
    EXPECT_LE(report.at("measured_sector_bytes"), 64 << 20);  // a smaller one, where time is short
    EXPECT_GT(report.at("sha256").at("ns"), 0);
    EXPECT_GT(report.at("own_kernel").at("ns"), 0);
    for (const std::string path : {"single-core", "multicore"}) {
        std::map<std::string, nlohmann::json> rows;
        for (const auto& row : report.at("rows")) {
            if (row.at("path") == path && row.at("node") == report.at("near_node")) {
                rows[row.at("memory")] = row;
            }
        }
        for (const char* memory : {"4 KiB pages", "4 KiB, page-aligned", "transparent huge",
                                   "page-aligned THP", "shim, 2 MiB pages"}) {
            if (path == "multicore" &&
                (memory == std::string("4 KiB, page-aligned") || memory == std::string("page-aligned THP"))) {
                EXPECT_FALSE(
                    rows.contains(memory));  // mmap aligns it, and MADV_HUGEPAGE is all that the shim adds
                continue;
            }
            SCOPED_TRACE(path + ", " + memory);
            const auto& row = rows[memory];
            ASSERT_TRUE(row.contains("ns")) << row;
            EXPECT_GE(row.at("rounds_ns").size(), 2);
            EXPECT_THAT(row.at("rounds_ns"), Each(Gt(0)));
            const double ns = row.at("layer_1_ns").get<double>() + 10 * row.at("ns").get<double>();
            const double hours = ns * (64 << 20) / 32 / 3600e9;
            EXPECT_NEAR(row.at("hours"), hours, hours / 1000);
        }
        EXPECT_EQ(rows["4 KiB pages"].at("of_plain"), 1);
        EXPECT_EQ(rows["4 KiB pages"].at("least_huge_share"), 0);
        EXPECT_GT(rows["transparent huge"].at("least_huge_share"), 0.3);  // as far as the kernel had some
        EXPECT_EQ(rows["shim, 2 MiB pages"].at("least_huge_share"), 1);
        EXPECT_THAT(rows["shim, 1 GiB pages"].value("left_out", "no whole number"),
                    HasSubstr("no whole number"));
    }
    expect_nothing_of_it();
}

TEST_F(Compare, FitsATerminalOf80Columns) {
    const auto outcome = run(compare({"0.01", "--path", "single-core"}), environment());
    ASSERT_TRUE(outcome.ok()) << outcome.err;
    EXPECT_THAT(outcome.out,
                AllOf(HasSubstr("4 KiB pages"), HasSubstr("shim, 2 MiB pages"), HasSubstr("SHA-256 alone"),
                      HasSubstr("what gives it: page-aligned "), Not(HasSubstr("multicore path"))));
    std::istringstream lines(outcome.out);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 80 + 1) << line;  // a plus-minus sign is two bytes
        EXPECT_FALSE(line.ends_with(' ')) << line;
    }
}

// The sector, and the stretches of it, get as small as they must.
// Two rounds of a sector of 1 GiB take longer anywhere: its buffers alone.
TEST_F(Compare, MeasuresASmallerSectorWhereTimeIsShort) {
    const auto outcome =
        run({PC1_LABEL, "compare", "--sector", "1GiB", "--minutes", "0.02", "--json"}, environment());
    ASSERT_TRUE(outcome.ok()) << outcome.err;
    const auto report = json_of(outcome);
    EXPECT_EQ(report.at("sector_bytes"), 1UL << 30);
    EXPECT_LT(report.at("measured_sector_bytes"), 1UL << 30);
    EXPECT_GE(report.at("rows").at(0).at("rounds_ns").size(), 2);
}

TEST_F(Compare, TakesAMachineWithoutNodesForOneWithNode0) {
    const auto outcome =
        run({"unshare", "--mount", "sh", "-c",
             "mount -t tmpfs none /sys/devices/system/node && exec \"$0\" compare --sector 64MiB "
             "--minutes 0.01 --path multicore --json",
             PC1_LABEL},
            environment());
    ASSERT_TRUE(outcome.ok()) << outcome.err;
    const auto report = json_of(outcome);
    EXPECT_EQ(report.at("near_node"), 0);
    EXPECT_TRUE(report.at("far_node").is_null());
    EXPECT_GT(report.at("rows").at(0).at("ns"), 0);
}

TEST_F(Compare, GivesAllBackWhenItIsInterrupted) {
    ChildProcess comparing(compare({"5"}), environment());
    ASSERT_TRUE(wait_until([&] { return has_files(comparing) || comparing.has_ended(); }));
    comparing.kill(SIGINT);
    const auto outcome = comparing.wait();
    EXPECT_EQ(outcome.exit_status, 128 + SIGINT);
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, HasSubstr("interrupted"));
    expect_nothing_of_it();
}

TEST_F(Compare, TakesAwayWhatAKilledOneHasLeft) {
    ChildProcess comparing(compare({"5"}), environment());
    ASSERT_TRUE(wait_until([&] { return has_files(comparing) || comparing.has_ended(); }));
    comparing.kill(SIGKILL);
    EXPECT_EQ(comparing.wait().signal, SIGKILL);
    EXPECT_TRUE(std::filesystem::exists(kPools));
    EXPECT_TRUE(run(compare({"0.01", "--path", "multicore"}), environment()).ok());
    expect_nothing_of_it();
}

}  // namespace
}  // namespace tests
