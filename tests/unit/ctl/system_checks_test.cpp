// What is read of the kernel's settings, from made-up roots, and what is said of it.
#include "tools/ctl/doctor/system_checks.h"

#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using ctl::Finding;
using ctl::Findings;
using ctl::KernelVersion;
using ctl::Machine;
using ctl::SystemFacts;
using ctl::Verdict;
using testing::HasSubstr;

class SystemFactsTest : public testing::Test {
  protected:
    [[nodiscard]] SystemFacts read() const {
        ctl::Roots roots;
        roots.sys = (folder_.path() / "sys").string();
        roots.proc = (folder_.path() / "proc").string();
        roots.files = (folder_.path() / "root").string();
        return ctl::read_system_facts(roots);
    }
    void write(const std::string& name, const std::string& content) const {
        static_cast<void>(folder_.write(name, content));
    }

    tests::TempDir folder_;
};

TEST_F(SystemFactsTest, AreEmptyWhereTheKernelTellsNothing) {
    const SystemFacts facts = read();
    EXPECT_EQ(facts.release, "");
    EXPECT_FALSE(facts.thp || facts.numa_balancing || facts.zone_reclaim || facts.memlock ||
                 facts.mems_allowed);
    EXPECT_TRUE(facts.group_limits.empty());
    EXPECT_EQ(facts.container, "");
}

TEST_F(SystemFactsTest, AreReadFromTheKernelsFiles) {
    write("proc/sys/kernel/osrelease", "5.10.0-18-amd64\n");
    write("proc/sys/kernel/numa_balancing", "1\n");
    write("proc/sys/vm/zone_reclaim_mode", "3\n");
    write("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
    write("sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages", "5\n");
    write("proc/self/limits",
          "Limit                     Soft Limit           Hard Limit           Units     \n"
          "Max locked memory         65536                unlimited            bytes     \n");
    write("proc/self/status", "Name:\tx\nMems_allowed_list:\t0-1,3\n");
    const SystemFacts facts = read();
    EXPECT_EQ(facts.release, "5.10.0-18-amd64");
    EXPECT_EQ(facts.numa_balancing, 1U);
    EXPECT_EQ(facts.zone_reclaim, 3U);
    EXPECT_EQ(facts.thp, "never");
    EXPECT_EQ(facts.overcommit_pages, 5U);
    EXPECT_EQ(facts.memlock, 65536U);
    ASSERT_TRUE(facts.mems_allowed);
    EXPECT_EQ(facts.mems_allowed->count(), 3);
}

TEST_F(SystemFactsTest, KnowAnUnlimitedLimit) {
    write("proc/self/limits",
          "Max locked memory         unlimited            unlimited            bytes     \n");
    EXPECT_FALSE(read().memlock);
}

TEST_F(SystemFactsTest, FindGroupLimitsOfVersion2UpToTheRoot) {
    write("proc/self/cgroup", "0::/a/b\n");
    write("sys/fs/cgroup/a/hugetlb.2MB.max", "0\n");
    write("sys/fs/cgroup/a/b/hugetlb.2MB.max", "max\n");
    write("sys/fs/cgroup/a/b/hugetlb.1GB.max", "1073741824\n");
    const SystemFacts facts = read();
    ASSERT_EQ(facts.group_limits.size(), 2U);
    EXPECT_EQ(facts.group_limits[0].page, "1GB");
    EXPECT_EQ(facts.group_limits[0].bytes, 1073741824U);
    EXPECT_EQ(facts.group_limits[1].page, "2MB");
    EXPECT_EQ(facts.group_limits[1].bytes, 0U);
}

TEST_F(SystemFactsTest, FindGroupLimitsOfVersion1) {
    write("proc/self/cgroup", "7:memory:/x\n5:hugetlb:/docker/1\n");
    write("sys/fs/cgroup/hugetlb/docker/1/hugetlb.2MB.limit_in_bytes", "0\n");
    write("sys/fs/cgroup/hugetlb/docker/1/hugetlb.1GB.limit_in_bytes", "9223372036854771712\n");
    const SystemFacts facts = read();
    ASSERT_EQ(facts.group_limits.size(), 1U);
    EXPECT_EQ(facts.group_limits[0].page, "2MB");
}

TEST_F(SystemFactsTest, KnowContainers) {
    write("proc/1/cgroup", "0::/kubepods.slice/x\n");
    EXPECT_EQ(read().container, "kubernetes");
    write("root/.dockerenv", "");
    EXPECT_EQ(read().container, "docker");
}

TEST(KernelVersion, IsReadFromARelease) {
    EXPECT_EQ(ctl::kernel_version("6.1.0-18-amd64"), (KernelVersion{6, 1}));
    EXPECT_EQ(ctl::kernel_version("5.14"), (KernelVersion{5, 14}));
    EXPECT_LT((KernelVersion{5, 9}), (KernelVersion{5, 14}));
    for (const char* text : {"", "6", "six.one", "6.x"}) {
        EXPECT_FALSE(ctl::kernel_version(text)) << text;
    }
}

Machine machine_of(int nodes) {
    Machine machine;
    machine.page_sizes = {ctl::k2MiB, ctl::k1GiB};
    for (int i = 0; i < nodes; ++i) {
        machine.nodes.push_back(
            {.id = {i}, .cpus = {}, .memory = ctl::k1GiB, .memory_free = {}, .pages = {}});
    }
    return machine;
}

// A finding that isn't there has the verdict "fail" and no name.
Finding finding(const SystemFacts& facts, const Machine& machine, const std::string& id,
                bool has_pool = true) {
    for (const Finding& one : ctl::check_system(facts, machine, has_pool)) {
        if (one.id == id) {
            return one;
        }
    }
    return {"", Verdict::fail, "", "no such finding", ""};
}

SystemFacts good() {
    SystemFacts facts;
    facts.release = "6.1.0";
    facts.thp = "madvise";
    facts.numa_balancing = 0;
    facts.zone_reclaim = 0;
    return facts;
}

TEST(SystemChecks, FindNothingWrongWithAGoodMachine) {
    EXPECT_EQ(ctl::count(ctl::check_system(good(), machine_of(2), true), Verdict::ok), 6U);
    EXPECT_EQ(ctl::check_system(good(), machine_of(2), true).size(), 6U);
}

TEST(SystemChecks, SayWhatAnOldKernelDoes) {
    SystemFacts facts = good();
    facts.release = "5.10.0-18-amd64";
    EXPECT_EQ(finding(facts, machine_of(1), "kernel").verdict, Verdict::ok);
    EXPECT_THAT(finding(facts, machine_of(1), "kernel").means, HasSubstr("5.14"));
    EXPECT_EQ(finding(good(), machine_of(1), "kernel").means, "");
}

TEST(SystemChecks, FailWithoutHugePages) {
    Machine machine = machine_of(1);
    machine.page_sizes.clear();
    EXPECT_EQ(finding(good(), machine, "page-sizes").verdict, Verdict::fail);
}

TEST(SystemChecks, WarnOfBalancingAndReclaimWhereThereAreSeveralNodes) {
    SystemFacts facts = good();
    facts.numa_balancing = 1;
    facts.zone_reclaim = 1;
    EXPECT_EQ(finding(facts, machine_of(1), "numa-balancing").verdict, Verdict::ok);
    EXPECT_EQ(finding(facts, machine_of(1), "zone-reclaim").verdict, Verdict::ok);
    EXPECT_EQ(finding(facts, machine_of(2), "numa-balancing").next, "sudo sysctl -w kernel.numa_balancing=0");
    EXPECT_EQ(finding(facts, machine_of(2), "zone-reclaim").verdict, Verdict::warn);
}

TEST(SystemChecks, WarnIfFallbackMemoryCanHaveNoHugePages) {
    SystemFacts facts = good();
    facts.thp = "never";
    EXPECT_EQ(finding(facts, machine_of(1), "thp").verdict, Verdict::warn);
}

TEST(SystemChecks, WarnOfPagesThatAreThereForAWhile) {
    Machine machine = machine_of(1);
    machine.nodes[0].pages = {{ctl::k2MiB, 4, 0, 3}};
    EXPECT_EQ(finding(good(), machine, "surplus").verdict, Verdict::warn);
    EXPECT_THAT(finding(good(), machine, "surplus").found, HasSubstr("3 huge pages"));
    machine.nodes[0].pages[0].surplus = 0;
    EXPECT_EQ(finding(good(), machine, "surplus").id, "");
}

TEST(SystemChecks, WarnOfAGroupsLimitOnlyIfFilesAreStillToBeMade) {
    SystemFacts facts = good();
    facts.group_limits = {{"2MB", 0, "/sys/fs/cgroup/a/hugetlb.2MB.max"}};
    EXPECT_EQ(finding(facts, machine_of(1), "cgroup", true).verdict, Verdict::ok);
    const Finding without = finding(facts, machine_of(1), "cgroup", false);
    EXPECT_EQ(without.verdict, Verdict::warn);
    EXPECT_THAT(without.next, HasSubstr("/sys/fs/cgroup/a/hugetlb.2MB.max"));
}

TEST(SystemChecks, SayWhatAContainerNeeds) {
    SystemFacts facts = good();
    facts.container = "kubernetes";
    EXPECT_THAT(finding(facts, machine_of(1), "container").means, HasSubstr("hostPath"));
}

}  // namespace
