#include "tools/ctl/status/process_report.h"

#include "tests/support/temp_dir.h"
#include "tests/unit/ctl/two_nodes.h"
#include "tools/common/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/sysmacros.h>

namespace ctl {
namespace {

using testing::HasSubstr;

std::string figures(std::uint64_t page_kib, std::uint64_t resident_kib, std::uint64_t thp_kib,
                    std::uint64_t huge_kib) {
    return "KernelPageSize: " + std::to_string(page_kib) + " kB\nRss: " + std::to_string(resident_kib) +
           " kB\nAnonHugePages: " + std::to_string(thp_kib) +
           " kB\nPrivate_Hugetlb: " + std::to_string(huge_kib) + " kB\n";
}

// One buffer of 32 GiB in a pool's file on node 0.
struct Case {
    Case() {
        file = right_file(0, 0);
        file.id = {makedev(0, 0x2b), 77};
        pool.choice = {*hugepage::FilePattern::in_folder("/mnt/huge/pc1"), "--path"};
        pool.files = {file};
        process.pid = 4711;
        process.command = "sealer";
        process.smaps = "7f0000000000-7f0800000000 rw-s 00000000 00:2b 77 /mnt/huge/pc1/numa_0/32.0_GiB_0\n" +
                        figures(1 << 20, 0, 0, 32 << 20);
        process.numa_maps = "7f0000000000 default file=/mnt/x huge N0=32 kernelpagesize_kB=1048576\n";
        process.cpu_lists = {{"0-31", 7}, {"3", 1}};
    }
    [[nodiscard]] ProcessReport report() const { return judge(process, two_nodes(), {pool}); }

    SurveyedFile file;
    PoolSurvey pool;
    ProcessFacts process;
};

TEST(ProcessReport, IsContentWithAPoolsFileOnTheThreadsNode) {
    const auto report = Case().report();
    ASSERT_EQ(report.buffers.size(), 1);
    EXPECT_EQ(report.faults, 0);
    EXPECT_EQ(report.buffers[0].backing, Buffer::Backing::pool_file);
    EXPECT_TRUE(report.buffers[0].has_file_size);
    EXPECT_EQ(report.buffers[0].main_node(), NodeId{0});
    EXPECT_EQ(report.buffers[0].threads_bound, 1);
    EXPECT_EQ(report.buffers[0].threads_free, 7);
    EXPECT_THAT(process_text(report, Terminal{}), HasSubstr("right"));
    EXPECT_THAT(process_text(report, Terminal{}), HasSubstr("The shim is not loaded in it"));
}

TEST(ProcessReport, FindsTheShim) {
    Case one;
    one.process.smaps += "7f0900000000-7f0900001000 r-xp 00000000 08:01 5 /usr/lib/libhugepage_shim.so\n";
    EXPECT_EQ(one.report().shim, "/usr/lib/libhugepage_shim.so");
}

TEST(ProcessReport, NamesPagesOnAnotherNodeThanTheFolders) {
    Case one;
    one.process.numa_maps = "7f0000000000 default huge N0=2 N1=30 kernelpagesize_kB=1048576\n";
    EXPECT_EQ(one.report().faults, 1);
    EXPECT_THAT(process_text(one.report(), Terminal{}),
                HasSubstr("its pages are on node 1, its file's folder says 0"));
}

TEST(ProcessReport, NamesANodeWhereNoThreadMayRun) {
    Case one;
    one.process.cpu_lists = {{"16-31", 4}};
    EXPECT_EQ(one.report().faults, 1);
    EXPECT_THAT(one.report().buffers[0].fault, HasSubstr("no thread of the process may run"));
}

TEST(ProcessReport, NamesOrdinaryMemoryOfAFilesSize) {
    Case one;
    // With calloc's page before it; and one that is not of the size.
    one.process.smaps = "7f0000000000-7f0800001000 rw-p 00000000 00:00 0\n" + figures(4, 33554436, 0, 0) +
                        "7f1000000000-7f1001000000 rw-p 00000000 00:00 0\n" + figures(4, 16384, 0, 0);
    const auto report = one.report();
    ASSERT_EQ(report.buffers.size(), 2);
    EXPECT_EQ(report.faults, 1);
    EXPECT_THAT(report.buffers[0].fault, HasSubstr("ordinary pages of 4 KiB"));
    EXPECT_TRUE(report.buffers[1].fault.empty());
}

TEST(ProcessReport, TakesTransparentHugePagesForHuge) {
    Case one;
    one.process.smaps =
        "7f0000000000-7f0800000000 rw-p 00000000 00:00 0\n" + figures(4, 33554432, 33000000, 0);
    EXPECT_EQ(one.report().faults, 0);
    one.process.smaps =
        "7f0000000000-7f0800000000 rw-p 00000000 00:00 0\n" + figures(4, 33554432, 3300000, 0);
    EXPECT_EQ(one.report().faults, 1);
    one.process.smaps = "7f0000000000-7f0800000000 rw-p 00000000 00:00 0\n" + figures(4, 0, 0, 0);
    EXPECT_EQ(one.report().faults, 0);  // nothing of it is touched yet
}

TEST(ProcessReport, JoinsTheParts) {
    Case one;
    one.process.smaps =
        "7f0000000000-7f0400000000 rw-s 00000000 00:2b 77 /mnt/f\n" + figures(1 << 20, 0, 0, 16 << 20) +
        "7f0400000000-7f0800000000 r--s 400000000 00:2b 77 /mnt/f\n" + figures(1 << 20, 0, 0, 16 << 20);
    one.process.numa_maps =
        "7f0000000000 default huge N0=16 kernelpagesize_kB=1048576\n"
        "7f0400000000 default huge N0=16 kernelpagesize_kB=1048576\n";
    const auto report = one.report();
    ASSERT_EQ(report.buffers.size(), 1);
    EXPECT_EQ(report.buffers[0].end - report.buffers[0].begin, k32GiB.bytes);
    EXPECT_EQ(report.buffers[0].nodes.at(NodeId{0}), k32GiB.bytes);
}

TEST(ProcessReport, LeavesOutSmallAndReservedAreas) {
    Case one;
    one.process.smaps = "7f0000000000-7f0000fff000 rw-p 00000000 00:00 0\n" + figures(4, 0, 0, 0) +
                        "7f1000000000-7f2000000000 ---p 00000000 00:00 0\n" + figures(4, 0, 0, 0) +
                        "7f3000000000-7f3000200000 rw-p 00000000 00:0f 9 /anon_hugepage (deleted)\n" +
                        figures(2048, 0, 0, 2048);
    const auto report = one.report();
    ASSERT_EQ(report.buffers.size(), 1);
    EXPECT_EQ(report.buffers[0].backing, Buffer::Backing::huge_anonymous);
}

TEST(ProcessReport, HasTheSameInJson) {
    const auto json = process_json(Case().report());
    EXPECT_EQ(json["pid"], 4711);
    EXPECT_EQ(json["faults"], 0);
    EXPECT_TRUE(json["shim"].is_null());
    EXPECT_EQ(json["buffers"][0]["backing"], "pool_file");
    EXPECT_EQ(json["buffers"][0]["size_bytes"], k32GiB.bytes);
    EXPECT_EQ(json["buffers"][0]["nodes"][0]["bytes"], k32GiB.bytes);
    EXPECT_EQ(json["threads"][0]["nodes"].size(), 2);
}

TEST(ProcessFacts, AreReadOfAProcess) {
    const tests::TempDir proc;
    proc.write("7/comm", "sealer\n");
    proc.write("7/smaps", "1000-2000 rw-p 00000000 00:00 0\n");
    proc.write("7/task/7/status", "Cpus_allowed_list:\t0-3\n");
    proc.write("7/task/8/status", "Cpus_allowed_list:\t0-3\n");
    const auto facts = read_process(7, proc.path().string());
    EXPECT_EQ(facts.command, "sealer");
    EXPECT_EQ(facts.cpu_lists.at("0-3"), 2);
    EXPECT_EQ(facts.numa_maps, "");  // as of a kernel without NUMA
    EXPECT_THROW(static_cast<void>(read_process(8, proc.path().string())), tools::Failure);
    proc.write("9/comm", "kthreadd\n");
    proc.write("9/smaps", "");
    EXPECT_THROW(static_cast<void>(read_process(9, proc.path().string())), tools::Failure);
}

}  // namespace
}  // namespace ctl
