#include "tests/unit/ctl/two_nodes.h"
#include "tools/pool/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cerrno>
#include <functional>

namespace ctl {
namespace {

using hugepage::Reason;
using testing::HasSubstr;

Pool right_pool() {
    Pool pool;
    pool.choice = {*hugepage::FilePattern::in_folder("/mnt/huge/pc1"), "--path"};
    pool.files = {right_file(0, 0), right_file(0, 1), right_file(1, 0)};
    return pool;
}

FileJudgement judged(const std::function<void(MemoryFile&)>& spoil) {
    Pool pool = right_pool();
    spoil(pool.files[1]);
    return judge(pool.files[1], pool);
}

// What is typed for a file that was spoilt in this way, by root.
std::string remedy(const std::function<void(MemoryFile&)>& spoil) {
    const FileJudgement result = judged(spoil);
    EXPECT_NE(result.finding.verdict, Verdict::ok);
    std::string next = result.finding.next;
    for (std::size_t at; (at = next.find("sudo ")) != std::string::npos;) {
        next.erase(at, 5);
    }
    return next;
}

constexpr const char* kAnew =
    "hugepagectl setup --size 32GiB --node 0:2 --page-size 1GiB --path /mnt/huge/pc1";

TEST(Judgement, IsRightOfARightFile) {
    const FileJudgement result = judged([](MemoryFile&) {});
    EXPECT_EQ(result.finding.verdict, Verdict::ok);
    EXPECT_EQ(result.state, "free");
    EXPECT_EQ(result.finding.what + result.finding.why + result.finding.next, "");
}

TEST(Judgement, IsOfAHeldFileToo) {
    const FileJudgement result = judged([](MemoryFile& file) {
        file.holders = {holder(4711, "sealer", kNow)};
        file.placement->elsewhere = 32;
    });
    EXPECT_EQ(result.state, "leased");
    EXPECT_EQ(result.finding.verdict, Verdict::fail);
    EXPECT_EQ(result.finding.id, "misplaced");
    EXPECT_THAT(result.finding.why, HasSubstr("no longer leased"));
    EXPECT_FALSE(result.is_usable);
}

// The shim uses a file unless most of its pages are elsewhere.
TEST(Judgement, OfPagesElsewhereIsThatOfTheShim) {
    const auto with_elsewhere = [](std::size_t pages) {
        return judged([&](MemoryFile& file) { file.placement->elsewhere = pages; });
    };
    EXPECT_EQ(with_elsewhere(16).state, "free");
    EXPECT_EQ(with_elsewhere(16).finding.verdict, Verdict::warn);
    EXPECT_THAT(with_elsewhere(16).finding.what, HasSubstr("16 of 32 pages"));
    EXPECT_THAT(with_elsewhere(16).finding.what, HasSubstr("used, with a warning"));
    EXPECT_EQ(with_elsewhere(17).state, "unusable");
}

TEST(Judgement, HasFilesMadeAnew) {
    EXPECT_EQ(remedy([](MemoryFile& file) { file.placement->elsewhere = 1; }), kAnew);
    EXPECT_EQ(remedy([](MemoryFile& file) {
                  file.placement.reset();
                  file.refusal = hugepage::Refusal{Reason::not_populated, "it has holes", 0};
              }),
              kAnew);
    EXPECT_EQ(remedy([](MemoryFile& file) {
                  file.placement.reset();
                  file.size = {};
                  file.refusal = hugepage::Refusal{Reason::no_file_for_size, "it is empty", 0};
              }),
              kAnew);
    EXPECT_EQ(remedy([](MemoryFile& file) {
                  file.placement.reset();
                  file.pages_error = EHWPOISON;
              }),
              kAnew);
}

TEST(Judgement, HasAllWrongFilesOfANodeMadeAnewAtOnce) {
    EXPECT_EQ(
        remedy([](MemoryFile& file) { (&file - 1)->placement->elsewhere = file.placement->elsewhere = 1; }),
        kAnew);
    Pool pool = right_pool();
    pool.files[0].placement->elsewhere = 1;
    EXPECT_THAT(judge(pool.files[0], pool).finding.next, HasSubstr("--node 0:2 ")) << "not the first alone";
}

TEST(Judgement, HasOnlyRemovedWhatNobodyMakes) {
    EXPECT_EQ(remedy([](MemoryFile& file) {
                  file.path = "/mnt/huge/pc1/numa_0/hard";
                  file.refusal = hugepage::Refusal{Reason::no_file_for_size, "it is another name", 0};
              }),
              "rm /mnt/huge/pc1/numa_0/hard");
}

// As by truncate(1).
TEST(Judgement, HasOneOfSetupsMadeForAFileWithHoles) {
    const auto with_holes = [](MemoryFile& file, const std::string& name) {
        file.path = "/mnt/huge/pc1/numa_0/" + name;
        file.placement.reset();
        file.refusal = hugepage::Refusal{Reason::not_populated, "it has holes", 0};
    };
    EXPECT_EQ(remedy([&](MemoryFile& file) { with_holes(file, "hard"); }),
              std::string("rm /mnt/huge/pc1/numa_0/hard && ") + kAnew);
    EXPECT_EQ(remedy([&](MemoryFile& file) {
                  with_holes(file, "hard");
                  with_holes(*(&file - 1), "soft");
              }),
              std::string("rm /mnt/huge/pc1/numa_0/hard && ") + kAnew)
        << "one for each";
    EXPECT_THAT(remedy([&](MemoryFile& file) {
                    for (MemoryFile* one : {&file - 1, &file, &file + 1}) {
                        one->file_system = {hugepage::FileSystem::Kind::tmpfs, {4096}};
                    }
                    with_holes(file, "32.0_GiB_1");
                }),
                testing::StartsWith("rm /mnt/huge/pc1/numa_0/32.0_GiB_1 && hugepagectl plan"));
}

TEST(Judgement, HasFilesMadeSafe) {
    const hugepage::Refusal insecure{Reason::insecure, "", 0};
    EXPECT_EQ(remedy([&](MemoryFile& file) {
                  file.refusal = insecure;
                  file.mode = 0602;
              }),
              "chmod o= /mnt/huge/pc1/numa_0/32.0_GiB_1");
    EXPECT_EQ(remedy([&](MemoryFile& file) {
                  file.refusal = insecure;
                  file.owner = 7;
              }),
              kAnew);  // the last user's labels are in it: it is handed to nobody
    EXPECT_EQ(remedy([&](MemoryFile& file) { file.refusal = insecure; }),
              "chown root /mnt/huge/pc1/numa_0 && chmod o-w /mnt/huge/pc1/numa_0");
    EXPECT_EQ(remedy([&](MemoryFile& file) {
                  file.refusal = insecure;
                  file.type = S_IFLNK;
                  file.size = {};
              }),
              "rm /mnt/huge/pc1/numa_0/32.0_GiB_1");
}

TEST(Judgement, SendsToAMountForFilesOnADisk) {
    EXPECT_THAT(remedy([](MemoryFile& file) {
                    file.refusal = hugepage::Refusal{Reason::not_hugetlbfs, "it is on a disk", 0};
                }),
                HasSubstr("hugepagectl plan"));
}

TEST(Judgement, SaysWhatCouldNotBeSeen) {
    const FileJudgement no_answer = judged([](MemoryFile& file) {
        file.placement.reset();
        file.pages_error = EPERM;
    });
    EXPECT_EQ(no_answer.finding.verdict, Verdict::unseen);
    EXPECT_EQ(no_answer.state, "free");
    EXPECT_THAT(no_answer.finding.what, HasSubstr("Operation not permitted"));
    EXPECT_EQ(judged([](MemoryFile& file) { file.placement->absent = 1; }).finding.verdict, Verdict::unseen);
}

// Outside the pid namespace somebody may hold it, and no table here says so.
TEST(Judgement, CallsNothingFreeThatMayBeLeasedUnseen) {
    Pool pool = right_pool();
    pool.sees_holders = false;
    EXPECT_EQ(judge(pool.files[1], pool).state, "unknown");
    pool.files[1].holders = {holder(4711, "sealer", kNow)};
    EXPECT_EQ(judge(pool.files[1], pool).state, "leased");
}

TEST(Judgement, NamesOwnerAndUser) {
    Pool pool = right_pool();
    pool.user.id = 12345;
    pool.files[1].owner = 7;
    pool.files[1].refusal = hugepage::Refusal{Reason::insecure, "chown it", 0};
    const Finding finding = judge(pool.files[1], pool).finding;
    EXPECT_EQ(finding.what,
              "numa_0/32.0_GiB_1: it belongs to " + tools::user_text(7) + ", and 12345 is to use it");
    EXPECT_THAT(finding.next, testing::EndsWith("--path /mnt/huge/pc1 --user 12345"));
}

TEST(Judgement, FindsFoldersThatThePoolsUserCantReach) {
    Pool pool = right_pool();
    EXPECT_TRUE(judge_folders(pool).empty());
    pool.user.id = 12345;
    pool.closed = {{"/mnt/huge", 0, 0, 0700}, {"/mnt/huge/pc1/numa_1", EACCES}};
    const Findings findings = judge_folders(pool);
    ASSERT_EQ(findings.size(), 2);
    EXPECT_EQ(findings[0].verdict, Verdict::fail);
    EXPECT_THAT(findings[0].what, HasSubstr("/mnt/huge is closed to 12345 (owner root, mode 0700)"));
    EXPECT_EQ(findings[0].next, "sudo chmod o+rx /mnt/huge");
    EXPECT_EQ(findings[1].verdict, Verdict::unseen);
}

}  // namespace
}  // namespace ctl
