// What is said of pools that are made up.
#include "tools/pool/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace {

using ctl::ByteSize;
using ctl::Finding;
using ctl::Findings;
using ctl::Machine;
using ctl::MemoryFile;
using ctl::NodeId;
using ctl::Pool;
using ctl::Verdict;
using hugepage::NodeSet;
using hugepage::Reason;
using testing::ElementsAre;
using testing::HasSubstr;

Pool pool_of(const std::vector<int>& nodes) {
    Pool pool;
    pool.choice = {*hugepage::FilePattern::in_folder("/mnt/pc1"), "--path"};
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        MemoryFile file;
        file.node = {nodes[i]};
        file.path = "/mnt/pc1/numa_" + std::to_string(nodes[i]) + "/f" + std::to_string(i);
        file.size = file.allocated = ctl::k1GiB;
        file.file_system = {hugepage::FileSystem::Kind::hugetlbfs, ctl::k2MiB};
        pool.files.push_back(file);
    }
    return pool;
}

Machine machine_of(int nodes) {
    Machine machine;
    machine.page_sizes = {ctl::k2MiB};
    for (int i = 0; i < nodes; ++i) {
        machine.nodes.push_back({.id = {i}, .cpus = {}, .memory = ctl::k1GiB, .pages = {}});
    }
    return machine;
}

NodeSet nodes(std::initializer_list<int> ids) {
    NodeSet set;
    for (const int id : ids) {
        set.insert(NodeId{id});
    }
    return set;
}

std::vector<Verdict> verdicts(const Findings& findings) {
    std::vector<Verdict> result;
    for (const Finding& finding : findings) {
        result.push_back(finding.verdict);
    }
    return result;
}

TEST(PoolChecks, AreContentWithTwoFilesOnANode) {
    const Findings findings = ctl::judge_pool(pool_of({0, 0}));
    EXPECT_THAT(verdicts(findings), ElementsAre(Verdict::ok));
    EXPECT_EQ(findings[0].what, "/mnt/pc1 (--path): 2 files of 1.0 GiB on node 0, none leased");
}

TEST(PoolChecks, WarnOfAnOddFile) {
    Pool pool = pool_of({0, 0, 1});
    pool.user.id = 12345;
    const Findings findings = ctl::judge_pool(pool);
    EXPECT_THAT(verdicts(findings), ElementsAre(Verdict::ok, Verdict::warn));
    EXPECT_EQ(findings[1].next,
              "sudo hugepagectl setup --size 1GiB --node 1:2 --page-size 2MiB --path /mnt/pc1 --user 12345");
}

// Setup makes files of huge pages alone.
TEST(PoolChecks, SendToAPlanWhereThePoolIsOnTmpfs) {
    Pool pool = pool_of({0});
    pool.files[0].file_system = {hugepage::FileSystem::Kind::tmpfs, ByteSize{4096}};
    EXPECT_THAT(ctl::judge_pool(pool)[0].next, HasSubstr("hugepagectl plan --sector"));
}

TEST(PoolChecks, WarnIfAllAreLeased) {
    Pool pool = pool_of({0, 0});
    for (MemoryFile& file : pool.files) {
        file.holders = {{.pid = 1, .command = {}, .has_locked = true}};
    }
    const Findings findings = ctl::judge_pool(pool);
    EXPECT_THAT(verdicts(findings), ElementsAre(Verdict::warn));
    EXPECT_THAT(findings[0].what, HasSubstr("2 leased"));
    EXPECT_THAT(findings[0].next, HasSubstr("--node 0:4 --page-size 2MiB"));
}

TEST(PoolChecks, TellOfFilesWithOneFaultTogether) {
    Pool pool = pool_of({0, 0, 0, 0});
    pool.files[0].refusal = hugepage::Refusal{Reason::not_populated, "it has holes", 0};
    pool.files[1].refusal = hugepage::Refusal{Reason::not_populated, "it has holes", 0};
    const Findings some = ctl::judge_pool(pool);
    EXPECT_THAT(verdicts(some), ElementsAre(Verdict::ok, Verdict::warn));
    EXPECT_THAT(some[1].what, HasSubstr("2 files, /mnt/pc1/numa_0/f0 first: not_populated: it has holes"));
    EXPECT_EQ(some[1].next, "hugepagectl verify --path /mnt/pc1");
    EXPECT_TRUE(ctl::has_usable_files(pool));
}

TEST(PoolChecks, FailIfNoFileCanBeUsed) {
    Pool pool = pool_of({0});
    pool.files[0].refusal = hugepage::Refusal{Reason::permission, "open", EACCES};
    const Findings findings = ctl::judge_pool(pool);
    EXPECT_THAT(verdicts(findings), ElementsAre(Verdict::fail));
    EXPECT_THAT(findings[0].what, HasSubstr("permission: root may not read and write it"));
    EXPECT_FALSE(ctl::has_usable_files(pool));
    EXPECT_THAT(verdicts(ctl::judge_pool(pool_of({}))), ElementsAre(Verdict::fail));
}

TEST(PoolChecks, FailIfAFolderCantBeListed) {
    Pool pool = pool_of({0, 0});
    pool.closed = {{"/mnt/pc1/numa_1", EACCES}};
    EXPECT_EQ(ctl::judge_pool(pool)[0].id, "pool-folders");
}

TEST(PoolChecks, WarnOfPagesElsewhere) {
    Pool pool = pool_of({0, 0});
    pool.files[1].placement = hugepage::Placement{.checked = 10, .elsewhere = 2, .other = {1}, .absent = 0};
    const Findings findings = ctl::judge_pool(pool);
    EXPECT_EQ(findings.back().id, "pool-placement");
    EXPECT_EQ(findings.back().verdict, Verdict::warn);
}

TEST(NodeChecks, AreContentIfFilesAreWhereMemoryMayBe) {
    EXPECT_THAT(verdicts(ctl::judge_nodes(pool_of({0, 1}), machine_of(2), std::nullopt)),
                ElementsAre(Verdict::ok));
    EXPECT_THAT(verdicts(ctl::judge_nodes(pool_of({0, 1}), machine_of(2), nodes({1}))),
                ElementsAre(Verdict::ok));
}

TEST(NodeChecks, WarnOfANodeWithoutFiles) {
    const Findings findings = ctl::judge_nodes(pool_of({0, 0}), machine_of(2), nodes({0, 1}));
    EXPECT_THAT(verdicts(findings), ElementsAre(Verdict::warn));
    EXPECT_THAT(findings[0].next, HasSubstr("--node 1:2 "));
}

TEST(NodeChecks, FailIfTheProcessMayHaveMemoryOfNoNodeWithFiles) {
    const Findings findings = ctl::judge_nodes(pool_of({0, 0}), machine_of(2), nodes({1}));
    EXPECT_THAT(verdicts(findings), ElementsAre(Verdict::fail));
    EXPECT_THAT(findings[0].what,
                HasSubstr("the files are on node 0; this process may have memory of node 1 only"));
    EXPECT_THAT(findings[0].next, HasSubstr("--membind=0"));
}

}  // namespace
