#include "tests/support/temp_dir.h"
#include "tests/unit/ctl/two_nodes.h"
#include "tools/common/failure.h"
#include "tools/ctl/status.h"

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

// One buffer of 32 GiB in a pool's file on node 0, in a /proc of the test's own.
struct Case {
    Case() {
        MemoryFile file = right_file(0, 0);
        file.id = {makedev(0, 0x2b), 77};
        pool.choice = {*hugepage::FilePattern::in_folder("/mnt/huge/pc1"), "--path"};
        pool.files = {file};
        proc.write("4711/comm", "sealer\n");
        thread(1, "3");
        for (int id = 2; id < 9; ++id) {
            thread(id, "0-31");
        }
        numa_maps("7f0000000000 default file=/mnt/x huge N0=32 kernelpagesize_kB=1048576\n");
        smaps("7f0000000000-7f0800000000 rw-s 00000000 00:2b 77 /mnt/huge/pc1/numa_0/32.0_GiB_0\n" +
              figures(1 << 20, 0, 0, 32 << 20));
    }
    void thread(int id, const std::string& cpus) const {
        proc.write("4711/task/" + std::to_string(id) + "/status",
                   "Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t" + cpus + "\nMems:\t0\n");
    }
    void smaps(const std::string& text) const { proc.write("4711/smaps", text); }
    void numa_maps(const std::string& text) const { proc.write("4711/numa_maps", text); }
    [[nodiscard]] Json report() const {
        return process_report(tools::read_process(4711, proc.path()), two_nodes(), {pool});
    }

    tests::TempDir proc;
    Pool pool;
};

// What to type about the last of its buffers.
std::string next_of(const Json& report) {
    return report["findings"].back()["next"].get<std::string>();
}

TEST(ProcessReport, IsContentWithAPoolsFileOnTheThreadsNode) {
    const Json report = Case().report();
    EXPECT_EQ(report["pid"], 4711);
    EXPECT_EQ(report["command"], "sealer");
    EXPECT_EQ(report["faults"], 0);
    EXPECT_TRUE(report["shim"].is_null());
    EXPECT_EQ(report["threads"][0]["nodes"].size(), 2);
    ASSERT_EQ(report["buffers"].size(), 1);
    const Json& buffer = report["buffers"][0];
    EXPECT_EQ(buffer["backing"], "pool_file");
    EXPECT_EQ(buffer["size_bytes"], k32GiB.bytes);
    EXPECT_EQ(buffer["nodes"][0]["bytes"], k32GiB.bytes);
    EXPECT_EQ(buffer["has_file_size"], true);
    EXPECT_EQ(buffer["main_node"], 0);
    EXPECT_EQ(buffer["threads_bound"], 1);
    EXPECT_EQ(buffer["threads_free"], 7);
    EXPECT_THAT(process_text(report, Terminal{}), HasSubstr("right"));
    EXPECT_THAT(process_text(report, Terminal{}), HasSubstr("process 4711 sealer hasn't loaded the library"));
}

TEST(ProcessReport, NamesPagesOnAnotherNodeThanTheFolders) {
    const Case one;
    one.numa_maps("7f0000000000 default huge N0=2 N1=30 kernelpagesize_kB=1048576\n");
    EXPECT_EQ(one.report()["faults"], 1);
    EXPECT_THAT(process_text(one.report(), Terminal{}),
                HasSubstr("its pages are on node 1, its file's folder says 0"));
    EXPECT_EQ(next_of(one.report()), "hugepagectl verify");
}

TEST(ProcessReport, NamesANodeWhereNoThreadMayRun) {
    const Case one;
    for (int id = 1; id < 9; ++id) {
        one.thread(id, "16-31");
    }
    const Json report = one.report();
    EXPECT_EQ(report["faults"], 1);
    EXPECT_THAT(report["buffers"][0]["fault"].get<std::string>(),
                HasSubstr("no thread of the process may run"));
    EXPECT_EQ(next_of(report), "numactl --cpunodebind=0 hugepagectl run -- COMMAND");
}

TEST(ProcessReport, NamesOrdinaryMemoryOfAFilesSize) {
    const Case one;
    // With calloc's page before it; and one that is not of the size.
    one.smaps("7f0000000000-7f0800001000 rw-p 00000000 00:00 0\n" + figures(4, 33554436, 0, 0) +
              "7f1000000000-7f1001000000 rw-p 00000000 00:00 0\n" + figures(4, 16384, 0, 0));
    const Json report = one.report();
    ASSERT_EQ(report["buffers"].size(), 2);
    EXPECT_EQ(report["faults"], 1);
    EXPECT_THAT(report["buffers"][0]["fault"].get<std::string>(), HasSubstr("ordinary pages of 4 KiB"));
    EXPECT_TRUE(report["buffers"][1]["fault"].is_null());
}

constexpr const char* kPlainShim =
    "7f0900000000-7f0900001000 r-xp 00000000 08:01 5 /usr/lib/libhugepage_shim.so\n";
constexpr const char* kHeapShim =
    "7f0900000000-7f0900001000 r-xp 00000000 08:01 5 /usr/lib/libhugepage_shim_heap.so\n";

// By the page that the C library puts before what its calloc maps.
TEST(ProcessReport, TellsWhatCallocAskedFor) {
    const Case one;
    const std::string callocs =
        "7f0000000000-7f0800001000 rw-p 00000000 00:00 0\n" + figures(4, 33554436, 0, 0);
    const std::string mapped =
        "7f0000000000-7f0800000000 rw-p 00000000 00:00 0\n" + figures(4, 33554432, 0, 0);
    const auto fault_of = [&](const std::string& smaps) {
        one.smaps(smaps);
        return one.report()["buffers"][0]["fault"].get<std::string>();
    };
    EXPECT_THAT(fault_of(callocs + kPlainShim),
                HasSubstr("asked for by calloc, which this library doesn't serve"));
    EXPECT_THAT(fault_of(callocs + kHeapShim), HasSubstr("log says why"));
    EXPECT_THAT(fault_of(mapped + kPlainShim), HasSubstr("log says why"));
    EXPECT_THAT(fault_of(mapped), HasSubstr("the shim is not loaded"));
    EXPECT_EQ(next_of(one.report()), "hugepagectl run -- COMMAND");
    one.smaps(callocs + kHeapShim);
    EXPECT_THAT(next_of(one.report()), HasSubstr("grep hugepage_shim LOG"));
    one.smaps(callocs + kPlainShim);
    const Json report = one.report();
    ASSERT_EQ(report["findings"].size(), 2);
    EXPECT_EQ(report["findings"][0]["id"], "loading");
    EXPECT_EQ(report["findings"][1]["verdict"], "warn");
    EXPECT_THAT(next_of(report), HasSubstr("libhugepage_shim_heap.so"));
}

TEST(ShimProcesses, AreFoundByTheLibraryInTheirMaps) {
    const tests::TempDir proc;
    proc.write("locks", "");
    proc.write("7/comm", "sealer\n");
    proc.write("7/maps",
               std::string(kPlainShim) +
                   "7f0000000000-7f0800001000 rw-p 00000000 00:00 0\n"
                   "7f1000000000-7f1800000000 rw-s 00000000 00:2b 77 /mnt/huge/pc1/numa_0/32.0_GiB_0\n");
    proc.write("8/comm", "other\n");
    proc.write("8/maps", "7f0000000000-7f0800001000 rw-p 00000000 00:00 0\n");
    StatusFacts facts = facts_of(Case().pool);
    facts.processes = tools::find_holders({}, proc.path()).with_shim;
    const Json processes = status_report(facts)["processes"];
    ASSERT_EQ(processes.size(), 1);
    EXPECT_EQ(processes[0]["pid"], 7);
    EXPECT_EQ(processes[0]["serves_calloc"], false);
    ASSERT_EQ(processes[0]["buffers"].size(), 2);
    EXPECT_THAT(processes[0]["buffers"][0]["fault"].get<std::string>(), HasSubstr("asked for by calloc"));
    EXPECT_EQ(processes[0]["buffers"][1]["backing"], "pool_file");
    EXPECT_THAT(status_text(status_report(facts), Terminal{}),
                HasSubstr("process 7 sealer: a buffer of 32.0 GiB at 7f0000000000: asked for by calloc"));
}

TEST(ProcessReport, TakesTransparentHugePagesForHuge) {
    const Case one;
    const auto faults = [&](std::uint64_t resident, std::uint64_t transparent) {
        one.smaps("7f0000000000-7f0800000000 rw-p 00000000 00:00 0\n" + figures(4, resident, transparent, 0));
        return one.report()["faults"].get<int>();
    };
    EXPECT_EQ(faults(33554432, 33000000), 0);
    EXPECT_EQ(faults(33554432, 3300000), 1);
    EXPECT_EQ(faults(0, 0), 0);  // nothing of it is touched yet
}

// Pages of 64 KiB are huge where the kernel's own are smaller, and ordinary where they are its own.
TEST(ProcessReport, TellsHugePagesOf64KiBFromOrdinaryOnes) {
    const Case one;
    one.smaps("7f0000000000-7f0800000000 rw-s 00000000 00:2b 77 /mnt/f\n" + figures(64, 0, 0, 32 << 20) +
              kPlainShim);
    const auto states = [&](const Machine& machine) {
        std::vector<std::string> found;
        for (const auto& buffer :
             judge_buffers(tools::read_process(4711, one.proc.path()), machine, {one.pool})) {
            found.emplace_back(state_of(buffer));
        }
        return found;
    };
    Machine arm = two_nodes();
    arm.page_sizes.insert(arm.page_sizes.begin(), ByteSize{64 << 10});
    EXPECT_THAT(states(arm), testing::ElementsAre("served"));
    EXPECT_THAT(states(two_nodes()), testing::ElementsAre("tmpfs"));

    // With calloc's page before it.
    one.smaps("7f0000000000-7f0800010000 rw-p 00000000 00:00 0\n" + figures(64, 33554432, 0, 0) + kPlainShim);
    const Json report = one.report();
    EXPECT_THAT(report["buffers"][0]["fault"].get<std::string>(),
                testing::AllOf(HasSubstr("ordinary pages of 64 KiB"), HasSubstr("asked for by calloc")));
}

TEST(ProcessReport, JoinsTheParts) {
    const Case one;
    one.smaps("7f0000000000-7f0400000000 rw-s 00000000 00:2b 77 /mnt/f\n" + figures(1 << 20, 0, 0, 16 << 20) +
              "7f0400000000-7f0800000000 r--s 400000000 00:2b 77 /mnt/f\n" +
              figures(1 << 20, 0, 0, 16 << 20));
    one.numa_maps(
        "7f0000000000 default huge N0=16 kernelpagesize_kB=1048576\n"
        "7f0400000000 default huge N0=16 kernelpagesize_kB=1048576\n");
    const Json report = one.report();
    ASSERT_EQ(report["buffers"].size(), 1);
    EXPECT_EQ(report["buffers"][0]["size_bytes"], k32GiB.bytes);
    EXPECT_EQ(report["buffers"][0]["nodes"][0]["bytes"], k32GiB.bytes);
}

TEST(ProcessReport, LeavesOutSmallAndReservedAreas) {
    const Case one;
    one.smaps("7f0000000000-7f0000fff000 rw-p 00000000 00:00 0\n" + figures(4, 0, 0, 0) +
              "7f1000000000-7f2000000000 ---p 00000000 00:00 0\n" + figures(4, 0, 0, 0) +
              "7f3000000000-7f3000200000 rw-p 00000000 00:0f 9 /anon_hugepage (deleted)\n" +
              figures(2048, 0, 0, 2048));
    const Json report = one.report();
    ASSERT_EQ(report["buffers"].size(), 1);
    EXPECT_EQ(report["buffers"][0]["backing"], "huge_anonymous");
}

TEST(ProcessReport, IsOnlyOnWhatIsThere) {
    const tests::TempDir proc;
    proc.write("7/comm", "sealer\n");
    proc.write("7/smaps", "1000-2000 rw-p 00000000 00:00 0\n");  // and no numa_maps: a kernel without NUMA
    proc.write("9/comm", "kthreadd\n");
    proc.write("9/smaps", "");
    const auto report_on = [&](pid_t pid) {
        return process_report(tools::read_process(pid, proc.path()), two_nodes(), {});
    };
    EXPECT_EQ(report_on(7)["command"], "sealer");
    EXPECT_THROW(static_cast<void>(report_on(8)), tools::Failure);
    EXPECT_THROW(static_cast<void>(report_on(9)), tools::Failure);
}

TEST(Processes, AreNamedByNumberOrName) {
    const tests::TempDir proc;
    proc.write("9/comm", "lotus-worker\n");
    proc.write("10/comm", "a-rather-long-n\n");
    proc.write("70/comm", "lotus-worker\n");
    proc.write("self/comm", "lotus-worker\n");
    const auto named = [&](const std::string& word) { return tools::processes_named(word, proc.path()); };
    EXPECT_THAT(named("lotus-worker"), testing::ElementsAre(9, 70));
    EXPECT_THAT(named("a-rather-long-name"), testing::ElementsAre(10));
    EXPECT_THAT(named("4711"), testing::ElementsAre(4711));
    EXPECT_THROW(static_cast<void>(named("lotus")), tools::Failure);
    EXPECT_THROW(static_cast<void>(named("0")), tools::Failure);
}

}  // namespace
}  // namespace ctl
