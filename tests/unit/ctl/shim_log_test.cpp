// What is read out of the shim's log lines.
#include "tools/ctl/program/shim_log.h"

#include "tools/ctl/run/run_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

using ctl::parse_log_line;
using ctl::RunSummary;
using testing::HasSubstr;

constexpr const char* kLease =
    "2026-01-02T03:04:05.000000006+00:00 INFO ThreadId(01) hugepage_shim::lease: leased memory file: "
    "/mnt/a; memory_size: b/numa_1/f; memory_size: 32.0 GiB; page_size: 1.0 GiB; numa wanted: 0, found: 1 "
    "(32 of 32 "
    "pages looked at); took 310.5 ms (populate 0.1, check 0.2, zero 310.2 with 15 helpers)";
constexpr const char* kMissed =
    "2026-01-02T03:04:05.000000006+00:00 WARN ThreadId(123) hugepage_shim::pool: unable to alloc numa "
    "memory, falling "
    "back. memory_size: 34359738368; numa: 1; reason: all_leased; make more files";
constexpr const char* kRefused =
    "2026-01-02T03:04:05.000000006+00:00 WARN ThreadId(01) hugepage_shim::pool: not using memory file: "
    "/mnt/f; "
    "reason: permission; open: Permission denied";
constexpr const char* kOtherSize =
    "2026-01-02T03:04:05.000000006+00:00 INFO ThreadId(01) hugepage_shim::pool: passing on a request that no "
    "memory "
    "file's size equals. memory_size: 1073741824 (1.0 GiB); if it is";
constexpr const char* kNotServing =
    "2026-01-02T03:04:05.000000006+00:00 ERROR ThreadId(01) hugepage_shim::pool: not serving: no memory "
    "files at /x";

RunSummary summary_of(const std::vector<std::string>& lines) {
    RunSummary summary;
    for (const std::string& line : lines) {
        const auto parsed = parse_log_line(line);
        EXPECT_TRUE(parsed) << line;
        if (parsed) {
            summary.add(*parsed);
        }
    }
    return summary;
}

TEST(ShimLog, LinesOfOthersAreNone) {
    for (const char* line :
         {"", " ", "hello", "a b c d", "t INFO ThreadId(01) other::pool: x",
          "t NOISE ThreadId(01) hugepage_shim::pool: x", "t INFO ThreadId(01) hugepage_shim::"}) {
        EXPECT_FALSE(parse_log_line(line)) << line;
    }
}

TEST(ShimLog, CountsWhatAFileServed) {
    const RunSummary summary = summary_of({kLease, kLease});
    EXPECT_EQ(summary.times_served(), 2U);
    ASSERT_EQ(summary.served.count("/mnt/a; memory_size: b/numa_1/f"), 1U);
    const auto& served = summary.served.begin()->second;
    EXPECT_EQ(served.size, "32.0 GiB");
    EXPECT_EQ(served.page, "1.0 GiB");
    EXPECT_EQ(served.wanted, 0);
    EXPECT_EQ(served.found, 1);
    EXPECT_DOUBLE_EQ(served.ms, 621);
    EXPECT_DOUBLE_EQ(served.zero_ms, 620.4);
}

TEST(ShimLog, CountsWhatWasNotServedByReasonAndNode) {
    const RunSummary summary = summary_of({kMissed, kMissed, kRefused, kOtherSize, kNotServing});
    EXPECT_EQ(summary.times_missed(), 2U);
    const auto& missed = summary.missed.at({"all_leased", 1});
    EXPECT_EQ(missed.bytes, 34359738368U);
    EXPECT_EQ(missed.advice, "make more files");
    EXPECT_EQ(summary.refused.at("/mnt/f").first, "permission; open: Permission denied");
    EXPECT_EQ(summary.other_sizes.count(1073741824), 1U);
    EXPECT_EQ(summary.complaints.count("not serving: no memory files at /x"), 1U);
}

TEST(ShimLog, IsSummedUp) {
    const std::string text = ctl::summary_text(summary_of({kLease, kMissed, kMissed, kRefused, kOtherSize}));
    EXPECT_EQ(
        text,
        "hugepagectl: 1 request served from files, 2 not\n"
        "  served       /mnt/a; memory_size: b/numa_1/f: 32.0 GiB in pages of 1.0 GiB, node 1, wanted 0, "
        "once, "
        "310.5 ms (310.2 ms of it zeroing)\n"
        "  not served   all_leased on node 1, 2 times, 32.0 GiB: make more files\n"
        "  not used     /mnt/f: permission; open: Permission denied\n"
        "  passed on    requests of 1.0 GiB (1073741824 bytes): no file has that size; if it is a sector's "
        "buffer, make files of it with hugepage-file-init\n");
    EXPECT_THAT(ctl::summary_text(RunSummary{}), HasSubstr("wrote nothing"));
}

TEST(ShimLog, IsReportedWithTheEndOfTheCommand) {
    const auto exited = ctl::summary_report(summary_of({kMissed}), 7 << 8);
    EXPECT_EQ(exited["exit_status"], 7);
    EXPECT_TRUE(exited["signal"].is_null());
    EXPECT_EQ(exited["not_served"][0]["reason"], "all_leased");
    const auto killed = ctl::summary_report({}, 15);
    EXPECT_EQ(killed["signal"], 15);
    EXPECT_TRUE(killed["exit_status"].is_null());
}

}  // namespace
