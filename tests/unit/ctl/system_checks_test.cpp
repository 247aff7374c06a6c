// What is read of the kernel's settings, from made-up roots, and what is said of it.
#include "tests/support/temp_dir.h"
#include "tools/pool/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using ctl::Finding;
using ctl::Findings;
using ctl::Machine;
using ctl::Settings;
using ctl::Verdict;
using testing::HasSubstr;

class SettingsTest : public testing::Test {
  protected:
    [[nodiscard]] Settings read() const { return ctl::read_settings(ctl::Root::in(folder_.path().string())); }
    void write(const std::string& name, const std::string& content) const {
        static_cast<void>(folder_.write(name, content));
    }

    tests::TempDir folder_;
};

TEST_F(SettingsTest, AreEmptyWhereTheKernelTellsNothing) {
    const Settings facts = read();
    EXPECT_FALSE(facts.thp || facts.mems_allowed);
    EXPECT_TRUE(facts.group_limits.empty());
}

TEST_F(SettingsTest, AreReadFromTheKernelsFiles) {
    write("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
    write("proc/self/status", "Name:\tx\nMems_allowed_list:\t0-1,3\n");
    const Settings facts = read();
    EXPECT_EQ(facts.thp, "never");
    ASSERT_TRUE(facts.mems_allowed);
    EXPECT_EQ(facts.mems_allowed->count(), 3);
}

TEST_F(SettingsTest, FindGroupLimitsUpToTheRoot) {
    write("proc/self/cgroup", "0::/a/b\n");
    write("sys/fs/cgroup/a/hugetlb.2MB.max", "0\n");
    write("sys/fs/cgroup/a/b/hugetlb.2MB.max", "max\n");
    write("sys/fs/cgroup/a/b/hugetlb.1GB.max", "1073741824\n");
    write("sys/fs/cgroup/a/b/hugetlb.1GB.rsvd.max", "0\n");
    const Settings facts = read();
    ASSERT_EQ(facts.group_limits.size(), 2U);
    EXPECT_EQ(facts.group_limits[0].page, "1GB");
    EXPECT_EQ(facts.group_limits[0].bytes, 1073741824U);
    EXPECT_EQ(facts.group_limits[1].page, "2MB");
    EXPECT_EQ(facts.group_limits[1].bytes, 0U);
}

TEST_F(SettingsTest, FindTheLimitsOfAContainersRootOnce) {
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/hugetlb.2MB.max", "0\n");
    EXPECT_EQ(read().group_limits.size(), 1U);
}

Machine machine_of_one_node() {
    Machine machine;
    machine.page_sizes = {ctl::k2MiB, ctl::k1GiB};
    machine.nodes.push_back({.id = {0}, .cpus = {}, .memory = ctl::k1GiB, .pages = {}});
    return machine;
}

// A finding that isn't there has the verdict "fail" and no name.
Finding finding(const Settings& facts, const Machine& machine, const std::string& id, bool has_pool = true) {
    for (const Finding& one : ctl::judge_machine(machine, facts, has_pool)) {
        if (one.id == id) {
            return one;
        }
    }
    return {"", Verdict::fail, "", "no such finding", ""};
}

Settings good() {
    Settings facts;
    facts.thp = "madvise";
    return facts;
}

TEST(SystemChecks, FindNothingWrongWithAGoodMachine) {
    EXPECT_EQ(ctl::count(ctl::judge_machine(machine_of_one_node(), good(), true), Verdict::ok), 2U);
    EXPECT_EQ(ctl::judge_machine(machine_of_one_node(), good(), true).size(), 2U);
}

TEST(SystemChecks, FailWithoutHugePages) {
    Machine machine = machine_of_one_node();
    machine.page_sizes.clear();
    EXPECT_EQ(finding(good(), machine, "page-sizes").verdict, Verdict::fail);
}

TEST(SystemChecks, WarnIfFallbackMemoryCanHaveNoHugePages) {
    Settings facts = good();
    facts.thp = "never";
    EXPECT_EQ(finding(facts, machine_of_one_node(), "thp").verdict, Verdict::warn);
}

TEST(SystemChecks, WarnOfPagesThatAreThereForAWhile) {
    Machine machine = machine_of_one_node();
    machine.nodes[0].pages = {{ctl::k2MiB, 4, 0, 3}};
    EXPECT_EQ(finding(good(), machine, "surplus").verdict, Verdict::warn);
    EXPECT_THAT(finding(good(), machine, "surplus").what, HasSubstr("node 0 has 3 surplus pages of 2 MiB"));
    machine.nodes[0].pages[0].surplus = 0;
    EXPECT_EQ(finding(good(), machine, "surplus").id, "");
}

TEST(SystemChecks, WarnOfAGroupsLimitOnlyIfFilesAreStillToBeMade) {
    Settings facts = good();
    facts.group_limits = {{"2MB", 0, "/sys/fs/cgroup/a/hugetlb.2MB.max"}};
    EXPECT_EQ(finding(facts, machine_of_one_node(), "cgroup", true).verdict, Verdict::ok);
    const Finding without = finding(facts, machine_of_one_node(), "cgroup", false);
    EXPECT_EQ(without.verdict, Verdict::warn);
    EXPECT_THAT(without.next, HasSubstr("/sys/fs/cgroup/a/hugetlb.2MB.max"));
}

TEST(SystemChecks, FailWithoutAMountUnlessFilesCanBeUsed) {
    Machine machine = machine_of_one_node();
    EXPECT_EQ(finding(good(), machine, "mounts", false).verdict, Verdict::fail);
    EXPECT_THAT(finding(good(), machine, "mounts", false).next, HasSubstr("pagesize=2M,nosuid,nodev,noexec"));
    EXPECT_EQ(finding(good(), machine, "mounts", true).id, "");
    machine.nodes[0].pages = {{ctl::k1GiB, 1, 1}};
    EXPECT_THAT(finding(good(), machine, "mounts", false).next, HasSubstr("pagesize=1G,nosuid,nodev,noexec"));
    machine.mounts = {{.point = "/mnt", .type = "hugetlbfs", .options = "rw,pagesize=2M"}};
    EXPECT_EQ(finding(good(), machine, "mounts", false).what, "/mnt: rw,pagesize=2M");
}

}  // namespace
