#include "tools/ctl/status/status.h"

#include "tests/support/temp_dir.h"
#include "tests/unit/ctl/two_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <clocale>
#include <cstdlib>
#include <ctime>
#include <fstream>

namespace ctl {
namespace {

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
        const std::string text = status_text(report_of(spoilt_pool()), terminal);
        if (std::getenv("UPDATE_GOLDEN") != nullptr) {
            std::ofstream(path) << text;
        }
        EXPECT_EQ(text, tests::read_file(path));
    }
};

TEST_F(Status, CountsFilesByNodeAndSize) {
    const auto groups = groups_of({spoilt_pool()});
    ASSERT_EQ(groups.size(), 2);
    EXPECT_EQ(groups[0].files, 4);
    EXPECT_EQ(groups[0].leased, 2);
    EXPECT_EQ(groups[0].free, 1);
    EXPECT_EQ(groups[0].unusable, 1);
    EXPECT_EQ(groups[0].oldest_holder_since, kNow - 11100);
    EXPECT_EQ(groups[1].unusable, 1);
    EXPECT_EQ(groups[1].pages_checked, 96);
    EXPECT_EQ(groups[1].pages_elsewhere, 36);
}

TEST_F(Status, CountsAFileOfSeveralPoolsOnce) {
    EXPECT_EQ(groups_of({spoilt_pool(), spoilt_pool()})[0].files, 4);
    EXPECT_EQ(uses_of(two_nodes(), {spoilt_pool(), spoilt_pool()})[0].files, 128);
}

TEST_F(Status, CountsPagesWhereTheyAre) {
    PoolSurvey pool = spoilt_pool();
    pool.files.erase(pool.files.begin(), pool.files.begin() + 3);
    const auto uses = uses_of(two_nodes(), {pool});
    ASSERT_EQ(uses.size(), 2);  // no pages of 2 MiB, so nothing to say of them
    EXPECT_EQ(uses[0].page_size, k1GiB);
    EXPECT_EQ(uses[0].files, 32 + 32 + 4);  // its own, a misplaced file, an eighth of another
    EXPECT_EQ(uses[0].free, 2);
    EXPECT_EQ(uses[0].other, 130 - 2 - 68);
    EXPECT_EQ(uses[1].files, 32 + 28);
    EXPECT_EQ(uses[1].free, 0);
}

TEST_F(Status, NeverCountsMoreInFilesThanIsUsed) {
    Machine machine = two_nodes();
    machine.nodes[0].pages = {{k1GiB, 10, 4}};
    const auto uses = uses_of(machine, {spoilt_pool()});
    EXPECT_EQ(uses[0].files, 6);
    EXPECT_EQ(uses[0].other, 0);
}

TEST_F(Status, ReadsWellInAPipe) {
    expect_golden("pipe", Terminal{});
}

TEST_F(Status, ReadsWellInEightyColumns) {
    expect_golden("80", Terminal{.has_bars = true, .is_utf8 = true});
}

TEST_F(Status, ReadsWellInColours) {
    expect_golden("colours", Terminal{.has_colours = true, .has_bars = true, .is_utf8 = true});
}

TEST_F(Status, ReadsWellInAHundredAndSixtyColumns) {
    expect_golden("160", Terminal{.has_bars = true, .is_utf8 = true, .columns = 160});
}

TEST_F(Status, ReadsWellInAscii) {
    std::setlocale(LC_CTYPE, "C");
    expect_golden("ascii", Terminal{.has_bars = true});
    for (const char c : status_text(report_of(spoilt_pool()), Terminal{.has_bars = true})) {
        EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << static_cast<int>(c);
    }
}

TEST_F(Status, FitsEightyColumns) {
    const std::string text = status_text(report_of(spoilt_pool()), Terminal{.has_bars = true});
    std::size_t begin = 0;
    for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
        const std::string line = text.substr(begin, end - begin);
        // What is wrong with a file is told in full, however long.
        EXPECT_TRUE(line.size() <= 80 || line.find("misplaced") != std::string::npos) << line;
    }
}

TEST_F(Status, SaysWhereToBeginWhereThereIsNothing) {
    const std::string text = status_text(StatusReport{}, Terminal{});
    EXPECT_THAT(text, HasSubstr("No huge pages are reserved"));
    EXPECT_THAT(text, HasSubstr("No pool"));
    EXPECT_THAT(text, Not(HasSubstr("RSS")));
}

TEST_F(Status, HasTheSameInJson) {
    const auto json = status_json(report_of(spoilt_pool()));
    EXPECT_EQ(json["pages"][0]["free_bytes"], 2 * k1GiB.bytes);
    EXPECT_EQ(json["pages"][0]["files_bytes"], 128 * k1GiB.bytes);
    const auto& pool = json["pools"][0];
    EXPECT_EQ(pool["pattern"], "/mnt/huge/pc1/numa_$NUMA_NODE_INDEX");
    EXPECT_EQ(pool["source"], "--path");
    EXPECT_EQ(pool["groups"][0]["leased"], 2);
    EXPECT_EQ(pool["files"][0]["state"], "leased");
    EXPECT_EQ(pool["files"][0]["holders"][0]["pid"], 4711);
    EXPECT_EQ(pool["files"][0]["holders"][0]["command"], "lotus-worker");
    EXPECT_EQ(pool["files"][2]["state"], "free");
    EXPECT_TRUE(pool["files"][2]["reason"].is_null());
    EXPECT_EQ(pool["files"][3]["reason"], "insecure");
    EXPECT_EQ(pool["files"][5]["reason"], "misplaced");
    EXPECT_EQ(pool["files"][5]["pages_elsewhere"], 32);
    EXPECT_EQ(json["unseen_processes"], 3);
}

// A program that reads them must find them again in the next version.
TEST_F(Status, KeepsItsKeys) {
    const auto json = status_json(report_of(spoilt_pool()));
    const auto keys = [](const nlohmann::ordered_json& object) {
        std::string text;
        for (const auto& [key, value] : object.items()) {
            text += (text.empty() ? "" : " ") + key;
        }
        return text;
    };
    EXPECT_EQ(keys(json), "time pages promised pools unseen_processes");
    EXPECT_EQ(keys(json["pages"][0]), "node page_bytes reserved_bytes files_bytes other_bytes free_bytes");
    EXPECT_EQ(keys(json["promised"][0]), "page_bytes promised_bytes");
    const auto& pool = json["pools"][0];
    EXPECT_EQ(keys(pool), "pattern source user_id groups files not_listed");
    EXPECT_EQ(keys(pool["groups"][0]),
              "node size_bytes files free leased unusable pages_checked pages_elsewhere");
    EXPECT_EQ(keys(pool["files"][0]),
              "path node size_bytes allocated_bytes page_bytes file_system owner_id mode state reason why "
              "pages_checked pages_elsewhere holders");
    EXPECT_EQ(keys(pool["files"][0]["holders"][0]), "pid command has_locked has_mapped running_since");
}

TEST(Duration, IsSaidRoughly) {
    EXPECT_EQ(duration_text(-1), "0 s");
    EXPECT_EQ(duration_text(59), "59 s");
    EXPECT_EQ(duration_text(60), "1 min");
    EXPECT_EQ(duration_text(3599), "59 min");
    EXPECT_EQ(duration_text(11100), "3 h 5 min");
    EXPECT_EQ(duration_text(187200), "2 d 4 h");
}

}  // namespace
}  // namespace ctl
