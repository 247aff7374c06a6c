#include "tools/ctl/pool/judgement.h"

#include "tests/unit/ctl/two_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cerrno>
#include <functional>

namespace ctl {
namespace {

using hugepage::Reason;
using testing::HasSubstr;

PoolSurvey right_pool() {
    PoolSurvey pool;
    pool.choice = {*hugepage::FilePattern::in_folder("/mnt/huge/pc1"), "--path"};
    pool.files = {right_file(0, 0), right_file(0, 1), right_file(1, 0)};
    return pool;
}

Judgement judged(const std::function<void(SurveyedFile&)>& spoil) {
    PoolSurvey pool = right_pool();
    spoil(pool.files[1]);
    return judge(pool.files[1], pool);
}

// What is typed for a file that was spoilt in this way, by root.
std::string remedy(const std::function<void(SurveyedFile&)>& spoil) {
    const Judgement result = judged(spoil);
    EXPECT_STREQ(result.verdict(), "wrong");
    std::string next = result.next;
    for (std::size_t at; (at = next.find("sudo ")) != std::string::npos;) {
        EXPECT_NE(::geteuid(), 0);
        next.erase(at, 5);
    }
    return next;
}

constexpr const char* kAnew =
    "rm /mnt/huge/pc1/numa_0/32.0_GiB_1 && "
    "hugepage-file-init --node 0 --num 2 --size 32GiB --path /mnt/huge/pc1";

TEST(Judgement, IsRightOfARightFile) {
    const Judgement result = judged([](SurveyedFile&) {});
    EXPECT_STREQ(result.verdict(), "right");
    EXPECT_STREQ(result.state(), "free");
    EXPECT_EQ(result.reason + result.why + result.next, "");
}

TEST(Judgement, IsOfAHeldFileToo) {
    const Judgement result = judged([](SurveyedFile& file) {
        file.holders = {holder(4711, "sealer", kNow)};
        file.placement->elsewhere = 32;
    });
    EXPECT_STREQ(result.state(), "leased");
    EXPECT_STREQ(result.verdict(), "wrong");
    EXPECT_EQ(result.reason, "misplaced");
    EXPECT_FALSE(result.is_usable);
}

// The shim uses a file unless most of its pages are elsewhere.
TEST(Judgement, OfPagesElsewhereIsThatOfTheShim) {
    const auto with_elsewhere = [](std::size_t pages) {
        return judged([&](SurveyedFile& file) { file.placement->elsewhere = pages; });
    };
    EXPECT_STREQ(with_elsewhere(16).state(), "free");
    EXPECT_STREQ(with_elsewhere(16).verdict(), "wrong");
    EXPECT_THAT(with_elsewhere(16).why, HasSubstr("16 of 32 pages"));
    EXPECT_THAT(with_elsewhere(16).why, HasSubstr("used, with a warning"));
    EXPECT_STREQ(with_elsewhere(17).state(), "unusable");
}

TEST(Judgement, HasFilesMadeAnew) {
    EXPECT_EQ(remedy([](SurveyedFile& file) { file.placement->elsewhere = 1; }), kAnew);
    EXPECT_EQ(remedy([](SurveyedFile& file) {
                  file.placement.reset();
                  file.refusal = hugepage::Refusal{Reason::not_populated, "it has holes", 0};
              }),
              kAnew);
    EXPECT_EQ(remedy([](SurveyedFile& file) {
                  file.placement.reset();
                  file.size = {};
                  file.refusal = hugepage::Refusal{Reason::no_file_for_size, "it is empty", 0};
              }),
              kAnew);
    EXPECT_EQ(remedy([](SurveyedFile& file) {
                  file.placement.reset();
                  file.pages_error = EHWPOISON;
              }),
              kAnew);
}

TEST(Judgement, HasFilesMadeSafe) {
    const hugepage::Refusal insecure{Reason::insecure, "", 0};
    EXPECT_EQ(remedy([&](SurveyedFile& file) {
                  file.refusal = insecure;
                  file.mode = 0602;
              }),
              "chmod o= /mnt/huge/pc1/numa_0/32.0_GiB_1");
    EXPECT_EQ(remedy([&](SurveyedFile& file) {
                  file.refusal = insecure;
                  file.owner = 7;
              }),
              "chown root /mnt/huge/pc1/numa_0/32.0_GiB_1");
    EXPECT_EQ(remedy([&](SurveyedFile& file) { file.refusal = insecure; }),
              "chown root /mnt/huge/pc1/numa_0 && chmod o-w /mnt/huge/pc1/numa_0");
    EXPECT_EQ(remedy([&](SurveyedFile& file) {
                  file.refusal = insecure;
                  file.size = {};
              }),
              "rm /mnt/huge/pc1/numa_0/32.0_GiB_1");
}

TEST(Judgement, SendsToAMountForFilesOnADisk) {
    EXPECT_THAT(remedy([](SurveyedFile& file) {
                    file.refusal = hugepage::Refusal{Reason::not_hugetlbfs, "it is on a disk", 0};
                }),
                HasSubstr("hugepagectl plan"));
}

TEST(Judgement, SaysWhatCouldNotBeSeen) {
    const Judgement no_answer = judged([](SurveyedFile& file) {
        file.placement.reset();
        file.pages_error = EPERM;
    });
    EXPECT_STREQ(no_answer.verdict(), "not_seen");
    EXPECT_STREQ(no_answer.state(), "free");
    EXPECT_THAT(no_answer.why, HasSubstr("Operation not permitted"));
    EXPECT_STREQ(judged([](SurveyedFile& file) { file.placement->absent = 1; }).verdict(), "not_seen");
}

}  // namespace
}  // namespace ctl
