#include "tools/ctl/status/status.h"

#include "tests/support/temp_dir.h"
#include "tests/unit/ctl/two_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <tuple>

namespace ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Status : public testing::Test {
  protected:
    void SetUp() override {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
        std::setlocale(LC_CTYPE, "C.UTF-8");
    }
    void TearDown() override { std::setlocale(LC_CTYPE, "C"); }

    // Compares with golden/<name>.txt. With UPDATE_GOLDEN set those are written anew, to be read by a person.
    static void expect_golden(const std::string& name, const Terminal& terminal) {
        const std::string path = std::string(GOLDEN) + "/" + name + ".txt";
        const std::string text = status_text(status_report(facts_of(spoilt_pool())), terminal);
        if (std::getenv("UPDATE_GOLDEN") != nullptr) {
            std::ofstream(path) << text;
        }
        EXPECT_EQ(text, tests::read_file(path));
    }
};

// The report's rows of pages, in pages of 1 GiB, and nothing of those of 2 MiB, of which there are none.
std::vector<std::tuple<int, int, int>> pages_in(const StatusFacts& facts) {
    std::vector<std::tuple<int, int, int>> rows;
    const Json report = status_report(facts);
    for (const Json& row : report["pages"]) {
        EXPECT_EQ(row["page_bytes"], k1GiB.bytes);
        const auto pages = [&](const char* key) {
            return static_cast<int>(row[key].get<std::uint64_t>() / k1GiB.bytes);
        };
        EXPECT_EQ(pages("total_bytes"), pages("files_bytes") + pages("other_bytes") + pages("free_bytes"));
        rows.emplace_back(pages("files_bytes"), pages("other_bytes"), pages("free_bytes"));
    }
    return rows;
}

TEST_F(Status, CountsFilesByNodeAndSize) {
    const Json groups = status_report(facts_of(spoilt_pool()))["pools"][0]["groups"];
    ASSERT_EQ(groups.size(), 2);
    EXPECT_EQ(groups[0]["files"], 4);
    EXPECT_EQ(groups[0]["leased"], 2);
    EXPECT_EQ(groups[0]["free"], 1);
    EXPECT_EQ(groups[0]["unusable"], 1);
    EXPECT_EQ(groups[0]["oldest_holder_seconds"], 11100);
    EXPECT_EQ(groups[1]["unusable"], 1);
    EXPECT_EQ(groups[1]["pages_checked"], 96);
    EXPECT_EQ(groups[1]["pages_elsewhere"], 36);
}

TEST_F(Status, CountsPagesOfAFileOfSeveralPoolsOnce) {
    StatusFacts facts = facts_of(spoilt_pool());
    const auto once = pages_in(facts);
    facts.pools.push_back(spoilt_pool());
    EXPECT_EQ(pages_in(facts), once);
    EXPECT_EQ(std::get<0>(once[0]), 128);
}

TEST_F(Status, CountsPagesWhereTheyAre) {
    PoolSurvey pool = spoilt_pool();
    pool.files.erase(pool.files.begin(), pool.files.begin() + 3);
    const int on_0 = 32 + 32 + 4;  // its own, a misplaced file, an eighth of another
    const int on_1 = 32 + 28;
    EXPECT_THAT(pages_in(facts_of(pool)),
                ElementsAre(std::tuple(on_0, 130 - 2 - on_0, 2), std::tuple(on_1, 130 - on_1, 0)));
}

TEST_F(Status, NeverCountsMoreInFilesThanIsUsed) {
    StatusFacts facts = facts_of(spoilt_pool());
    facts.machine.nodes[0].pages = {{k1GiB, 10, 4}};
    EXPECT_EQ(pages_in(facts)[0], std::tuple(6, 0, 4));
}

TEST_F(Status, ReadsWellInAPipe) {
    expect_golden("pipe", Terminal{});
}

TEST_F(Status, ReadsWellInColours) {
    expect_golden("colours", Terminal{.has_colours = true, .is_terminal = true});
}

TEST_F(Status, FitsTheTerminal) {
    for (const std::size_t columns : {60UL, 80UL}) {
        const std::string text = status_text(status_report(facts_of(spoilt_pool())),
                                             Terminal{.is_terminal = true, .columns = columns});
        // What is wrong with a file and what is to be typed is told in full, however long; so are remarks.
        const std::string tables = text.substr(0, text.find("Wrong"));
        std::size_t begin = 0;
        for (std::size_t end; (end = tables.find('\n', begin)) != std::string::npos; begin = end + 1) {
            EXPECT_LE(end - begin, columns) << tables.substr(begin, end - begin);
        }
    }
}

TEST_F(Status, SaysWhereToBeginWhereThereIsNothing) {
    const std::string text = status_text(status_report({}), Terminal{});
    EXPECT_THAT(text, HasSubstr("No node has huge pages"));
    EXPECT_THAT(text, HasSubstr("No pool"));
    EXPECT_THAT(text, Not(HasSubstr("RSS")));
}

TEST_F(Status, HasNoCommandToATerminalInJson) {
    PoolSurvey pool = spoilt_pool();
    pool.files[0].path = "/mnt/\033]0;x\007\xc2\x9b\xff";
    const std::string text = as_json("status", status_report(facts_of(pool)));
    for (const char c : text) {
        EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << static_cast<int>(c);
    }
}

// A program that reads them must find them again in the next version.
TEST_F(Status, KeepsItsKeys) {
    const Json report = status_report(facts_of(spoilt_pool()));
    const auto keys = [](const Json& object) {
        std::string text;
        for (const auto& [key, value] : object.items()) {
            text += (text.empty() ? "" : " ") + key;
        }
        return text;
    };
    EXPECT_EQ(keys(report), "time all_pages right wrong not_seen pages reserved pools unseen_processes");
    EXPECT_EQ(keys(report["pages"][0]), "node page_bytes total_bytes files_bytes other_bytes free_bytes");
    EXPECT_EQ(keys(report["reserved"][0]), "page_bytes reserved_bytes");
    const auto& pool = report["pools"][0];
    EXPECT_EQ(keys(pool), "name pattern source user_id groups files not_listed");
    EXPECT_EQ(keys(pool["groups"][0]),
              "node size_bytes files free leased unusable pages_checked pages_elsewhere "
              "oldest_holder_seconds");
    EXPECT_EQ(keys(pool["files"][0]),
              "path name node size_bytes allocated_bytes page_bytes file_system owner_id mode state verdict "
              "reason why next pages_checked pages_elsewhere holders");
    EXPECT_EQ(keys(pool["files"][0]["holders"][0]), "pid command has_locked has_mapped running_since");
}

TEST_F(Status, HasWhatTheJudgeSays) {
    const Json report = status_report(facts_of(spoilt_pool()));
    const auto& files = report["pools"][0]["files"];
    EXPECT_EQ(files[0]["state"], "leased");
    EXPECT_EQ(files[0]["holders"][0]["command"], "lotus-worker");
    EXPECT_EQ(files[2]["state"], "free");
    EXPECT_EQ(files[2]["verdict"], "right");
    EXPECT_TRUE(files[2]["reason"].is_null());
    EXPECT_TRUE(files[2]["next"].is_null());
    EXPECT_EQ(files[3]["reason"], "insecure");
    EXPECT_EQ(files[5]["state"], "unusable");
    EXPECT_EQ(files[5]["reason"], "misplaced");
    EXPECT_THAT(files[5]["next"].get<std::string>(), HasSubstr("--node 1 --num 3"));
    EXPECT_EQ(files[6]["state"], "free");
    EXPECT_EQ(files[6]["verdict"], "wrong");
    EXPECT_EQ(report["right"], 4);
    EXPECT_EQ(report["wrong"], 3);
    EXPECT_EQ(report["not_seen"], 0);
}

TEST_F(Status, EndsByTheWorst) {
    PoolSurvey pool = spoilt_pool();
    pool.files = {right_file(0, 0), right_file(0, 1)};
    StatusFacts facts = facts_of(pool);
    facts.all_pages = true;
    EXPECT_EQ(exit_code_of(status_report(facts)), tools::ExitCode::done);
    EXPECT_THAT(status_text(status_report(facts), Terminal{}),
                HasSubstr("All right: 2 files with 64 pages, each on its folder's node."));
    facts.pools[0].blind = {{"/mnt/huge/pc1/numa_2", EACCES}};
    EXPECT_EQ(exit_code_of(status_report(facts)), tools::ExitCode::partial);
    EXPECT_THAT(status_text(status_report(facts), Terminal{}), HasSubstr("numa_2: Permission denied"));
    facts.pools[0].files[1].placement->elsewhere = 32;
    EXPECT_EQ(exit_code_of(status_report(facts)), tools::ExitCode::check_failed);
}

}  // namespace
}  // namespace ctl
