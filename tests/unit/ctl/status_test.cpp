#include "tools/ctl/status.h"

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

// Also where no file is.
TEST_F(Status, KnowsWhichFilesTheConfigurationWants) {
    Pool pool = spoilt_pool();
    EXPECT_TRUE(status_report(facts_of(pool))["pools"][0]["groups"][0]["files_wanted"].is_null());
    EXPECT_THAT(status_text(status_report(facts_of(pool)), Terminal{}), Not(HasSubstr("WANTED")));
    pool.files.resize(4);  // those on node 0
    pool.wanted = pool::Request{};
    pool.wanted->size = k32GiB;
    pool.wanted->shares = {{NodeId{0}, 6}, {NodeId{1}, 2}};
    const Json report = status_report(facts_of(pool));
    const Json& groups = report["pools"][0]["groups"];
    ASSERT_EQ(groups.size(), 2);
    EXPECT_EQ(groups[0]["files_wanted"], 6);
    EXPECT_EQ(groups[0]["files"], 4);
    EXPECT_EQ(groups[1]["files_wanted"], 2);
    EXPECT_EQ(groups[1]["files"], 0);
    EXPECT_THAT(status_text(report, Terminal{}), HasSubstr("NODE  FILES OF  WANTED  FILES"));
    EXPECT_THAT(status_text(report, Terminal{}), HasSubstr("   1  32.0 GiB       2      0"));
    EXPECT_THAT(status_metrics(report, "1"),
                HasSubstr(R"(wanted_files{pool="/mnt/huge/pc1",node="1",size="34359738368"} 2)"));
}

TEST_F(Status, CountsPagesOfAFileOfSeveralPoolsOnce) {
    StatusFacts facts = facts_of(spoilt_pool());
    const auto once = pages_in(facts);
    facts.pools.push_back(spoilt_pool());
    EXPECT_EQ(pages_in(facts), once);
    EXPECT_EQ(std::get<0>(once[0]), 128);
}

TEST_F(Status, CountsPagesWhereTheyAre) {
    Pool pool = spoilt_pool();
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
    expect_golden("colours", Terminal{.has_colours = true, .can_redraw = true});
}

TEST_F(Status, FitsTheTerminal) {
    for (const std::size_t columns : {60UL, 80UL}) {
        const std::string text =
            status_text(status_report(facts_of(spoilt_pool())), Terminal{.columns = columns});
        std::size_t begin = 0;
        for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
            const std::string line = text.substr(begin, end - begin);
            const bool is_to_be_typed = line.find("> ") != std::string::npos;
            EXPECT_TRUE(line.size() <= columns || is_to_be_typed) << line;
        }
    }
}

TEST_F(Status, SaysWhereToBeginWhereThereIsNothing) {
    const std::string text = status_text(status_report({}), Terminal{});
    EXPECT_THAT(text, HasSubstr("No node has huge pages"));
    EXPECT_THAT(text, HasSubstr("No pool"));
    EXPECT_THAT(text, Not(HasSubstr("RSS")));
}

TEST_F(Status, NamesSurplusPages) {
    StatusFacts facts = facts_of(spoilt_pool());
    facts.machine.nodes[1].pages[1].surplus = 3;
    const Json report = status_report(facts);
    EXPECT_EQ(report["pages"][1]["surplus_bytes"], 3 * k1GiB.bytes);
    EXPECT_EQ(report["findings"][0]["id"], "surplus");
    EXPECT_THAT(status_text(report, Terminal{}), HasSubstr("node 1 has 3 surplus pages of 1 GiB"));
    EXPECT_THAT(status_metrics(report, "1"),
                HasSubstr("surplus_page_bytes{node=\"1\",page_size=\"1073741824\"} 3221225472"));
}

TEST_F(Status, NeverCallsFreeWhatMayBeLeasedUnseen) {
    Pool pool = spoilt_pool();
    pool.sees_holders = false;
    const Json report = status_report(facts_of(pool));
    EXPECT_EQ(report["sees_all_processes"], false);
    EXPECT_EQ(report["pools"][0]["groups"][0]["free"], 0);
    EXPECT_EQ(report["pools"][0]["groups"][0]["unknown"], 1);
    EXPECT_THAT(status_text(report, Terminal{}),
                HasSubstr("outside this container (pid namespace) can't be seen"));
}

TEST_F(Status, HasNoCommandToATerminalInJson) {
    Pool pool = spoilt_pool();
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
    EXPECT_EQ(keys(report),
              "time all_pages ok warn fail unseen pages reserved pools processes findings unseen_processes "
              "sees_all_processes");
    EXPECT_EQ(keys(report["pages"][0]),
              "node page_bytes total_bytes files_bytes other_bytes free_bytes surplus_bytes");
    EXPECT_EQ(keys(report["reserved"][0]), "page_bytes reserved_bytes");
    const auto& pool = report["pools"][0];
    EXPECT_EQ(keys(pool), "name pattern source user_id groups files findings");
    EXPECT_EQ(keys(pool["groups"][0]),
              "node size_bytes files free leased unusable unknown pages_checked pages_elsewhere "
              "oldest_holder_seconds files_wanted unusable_reasons");
    EXPECT_EQ(keys(pool["files"][0]),
              "path name node size_bytes allocated_bytes page_bytes file_system owner_id mode state verdict "
              "finding pages_checked pages_elsewhere holders");
    EXPECT_EQ(keys(pool["files"][3]["finding"]), "id verdict what why next");
    EXPECT_EQ(keys(pool["files"][0]["holders"][0]), "pid command has_locked has_mapped running_since");
}

TEST_F(Status, HasWhatTheJudgeSays) {
    const Json report = status_report(facts_of(spoilt_pool()));
    const auto& files = report["pools"][0]["files"];
    EXPECT_EQ(files[0]["state"], "leased");
    EXPECT_EQ(files[0]["holders"][0]["command"], "lotus-worker");
    EXPECT_EQ(files[2]["state"], "free");
    EXPECT_EQ(files[2]["verdict"], "ok");
    EXPECT_TRUE(files[2]["finding"].is_null());
    EXPECT_EQ(files[3]["finding"]["id"], "insecure");
    EXPECT_EQ(files[5]["state"], "unusable");
    EXPECT_EQ(files[5]["finding"]["id"], "misplaced");
    EXPECT_THAT(files[5]["finding"]["next"].get<std::string>(), HasSubstr("setup --size 32GiB --node 1:3 "));
    EXPECT_EQ(files[6]["state"], "free");
    EXPECT_EQ(files[6]["verdict"], "warn");
    EXPECT_EQ(report["ok"], 4);
    EXPECT_EQ(report["warn"], 1);
    EXPECT_EQ(report["fail"], 2);
    EXPECT_EQ(report["unseen"], 0);
}

TEST_F(Status, EndsByTheWorst) {
    Pool pool = spoilt_pool();
    pool.files = {right_file(0, 0), right_file(0, 1)};
    StatusFacts facts = facts_of(pool);
    facts.all_pages = true;
    EXPECT_EQ(exit_code_of(status_report(facts)), tools::ExitCode::done);
    EXPECT_THAT(status_text(status_report(facts), Terminal{}),
                HasSubstr("All is well: 0 failures, 0 warnings, 2 ok."));
    facts.pools[0].closed = {{"/mnt/huge/pc1/numa_2", EACCES}};
    EXPECT_EQ(exit_code_of(status_report(facts)), tools::ExitCode::partial);
    EXPECT_THAT(status_text(status_report(facts), Terminal{}),
                HasSubstr("numa_2 can't be listed: Permission denied"));
    facts.pools[0].files[1].placement->elsewhere = 32;
    EXPECT_EQ(exit_code_of(status_report(facts)), tools::ExitCode::check_failed);
}

}  // namespace
}  // namespace ctl
