#include "tools/ctl/status/verify.h"

#include "tests/unit/ctl/two_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cerrno>

namespace ctl {
namespace {

using hugepage::Reason;
using testing::HasSubstr;
using tools::ExitCode;

PoolSurvey right_pool() {
    PoolSurvey pool;
    pool.choice = {*hugepage::FilePattern::in_folder("/mnt/huge/pc1"), "--path"};
    pool.files = {right_file(0, 0), right_file(0, 1), right_file(1, 0)};
    return pool;
}

// What is typed for a file that was spoilt in this way.
std::string remedy(const std::function<void(SurveyedFile&)>& spoil) {
    PoolSurvey pool = right_pool();
    spoil(pool.files[1]);
    const FileVerdict verdict = judge(pool.files[1], pool);
    EXPECT_EQ(verdict.verdict, Judgement::wrong);
    EXPECT_EQ(exit_code_of({pool}), ExitCode::check_failed);
    return verdict.remedy;
}

constexpr const char* kAnew =
    "rm /mnt/huge/pc1/numa_0/32.0_GiB_1 && "
    "hugepage-file-init --node 0 --num 2 --size 32GiB --path /mnt/huge/pc1";

TEST(Verify, IsContentWithARightPool) {
    EXPECT_EQ(exit_code_of({right_pool()}), ExitCode::done);
    const std::string text = verify_text({right_pool()}, Terminal{});
    EXPECT_THAT(text, HasSubstr("All right: 3 files with 96 pages, each on its folder's node."));
    EXPECT_TRUE(verify_json({right_pool()})["right"]);
}

TEST(Verify, HasFilesMadeAnew) {
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

TEST(Verify, HasFilesMadeSafe) {
    const hugepage::Refusal insecure{Reason::insecure, "", 0};
    EXPECT_EQ(remedy([&](SurveyedFile& file) {
                  file.refusal = insecure;
                  file.mode = 0604;
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

TEST(Verify, SaysWhatCouldNotBeSeen) {
    PoolSurvey pool = right_pool();
    pool.files[0].placement.reset();
    pool.files[0].pages_error = EPERM;
    EXPECT_EQ(exit_code_of({pool}), ExitCode::partial);
    EXPECT_THAT(verify_text({pool}, Terminal{}), HasSubstr("Operation not permitted"));
    pool = right_pool();
    pool.blind = {{"/mnt/huge/pc1/numa_2", EACCES}};
    EXPECT_EQ(exit_code_of({pool}), ExitCode::partial);
    EXPECT_THAT(verify_text({pool}, Terminal{}), HasSubstr("numa_2: could not be listed: Permission denied"));
    pool.files[2].placement->elsewhere = 32;
    EXPECT_EQ(exit_code_of({pool}), ExitCode::check_failed);  // the worse of both
}

TEST(Verify, HasALeasedFileMadeAnewLater) {
    const std::string text = verify_text({spoilt_pool()}, Terminal{});
    EXPECT_THAT(text,
                HasSubstr("wrong /mnt/huge/pc1/numa_1/32.0_GiB_1: misplaced: 32 of 32 pages are on another "
                          "node than 1, some on node 0"));
    PoolSurvey pool = right_pool();
    pool.files[0].placement->elsewhere = 1;
    pool.files[0].holders = {holder(4711, "evil\033[2J", kNow)};
    EXPECT_THAT(verify_text({pool}, Terminal{}),
                HasSubstr("leased by 4711 (evil\\x1b[2J); once that has ended:"));
}

TEST(Verify, HasTheSameInJson) {
    const auto json = verify_json({spoilt_pool()});
    EXPECT_FALSE(json["right"]);
    const auto& file = json["pools"][0]["files"][5];
    EXPECT_EQ(file["verdict"], "wrong");
    EXPECT_EQ(file["reason"], "misplaced");
    EXPECT_EQ(file["pages_elsewhere"], 32);
    EXPECT_THAT(file["remedy"].get<std::string>(), HasSubstr("--node 1 --num 3"));
    EXPECT_TRUE(json["pools"][0]["files"][2]["remedy"].is_null());
}

}  // namespace
}  // namespace ctl
