// What hugepagectl says of its commands, and of command lines that make no sense. And plan, which is no more
// than its command line and what is printed.
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace tests {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

using Words = std::vector<std::string>;

Outcome hugepagectl(Words words, const Environment& environment = {}) {
    words.insert(words.begin(), CTL);
    return run(words, environment);
}

TEST(Help, FitsATerminal) {
    for (const char* command : {"", "plan", "setup", "remove", "status", "verify", "doctor", "run"}) {
        Words words = *command != '\0' ? Words{command} : Words{};
        words.emplace_back("--help");
        std::istringstream lines(hugepagectl(words).out);
        for (std::string line; std::getline(lines, line);) {
            EXPECT_LE(line.size(), 80) << command << ": " << line;
        }
    }
}

TEST(CommandLine, ThatMakesNoSenseIsExplained) {
    const std::vector<std::pair<Words, std::string>> wrong = {
        {{}, "a command is needed. Try 'hugepagectl --help'."},
        {{"statsu"}, "there is no command 'statsu'; did you mean 'status'? Try 'hugepagectl --help'."},
        {{"frobnicate"}, "there is no command 'frobnicate'. Try 'hugepagectl --help'."},
        {{"status", "--wacth"},
         "there is no option --wacth; did you mean '--watch'? Try 'hugepagectl status"},
        {{"status", "more"}, "'more' is one word too many."},
        {{"plan"}, "--sector is needed."},
        {{"plan", "--sector"}, "--sector needs a value."},
        {{"plan", "--sector", ""}, "--sector needs a value, not an empty one."},
        {{"plan", "--sector", "1GiB", "--per-node", "1", "--parallel", "2"},
         "--parallel and --per-node can't be given together."},
        {{"plan", "--sector", "32GB"}, "did you mean 32GiB?"},
        {{"plan", "--sector", "2MiB", "--user", "no such user"},
         "--user: 'no such user' is not a user of this system"},
        {{"setup", "--size", "2MiB", "--path_pattern", "/x"}, "--path-pattern: '/x' has no $NUMA_NODE_INDEX"},
        {{"remove", "--path_pattern", "/x"}, "--path-pattern: '/x' has no $NUMA_NODE_INDEX"}};
    for (const auto& [words, message] : wrong) {
        const Outcome outcome = hugepagectl(words);
        EXPECT_EQ(outcome.exit_status, 2) << message;
        EXPECT_EQ(outcome.out, "");
        EXPECT_THAT(outcome.err, HasSubstr("hugepagectl: "));
        EXPECT_THAT(outcome.err, HasSubstr(message));
        EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    }
}

// In a locale that isn't there all is as in the usual one.
TEST(CommandLine, WorksInAnyLocale) {
    const std::string usual = hugepagectl({"plan", "--sector", "2MiB"}).out;
    for (const char* locale : {"xx_YY.UTF-8", "C", "POSIX", "de_DE"}) {
        const Outcome outcome = hugepagectl({"plan", "--sector", "2MiB"}, {{"LC_ALL", locale}});
        EXPECT_EQ(outcome.out.substr(0, 40), usual.substr(0, 40)) << locale;
        EXPECT_EQ(outcome.err, "") << locale;
    }
}

TEST(Plan, SaysWhatToType) {
    const TempDir folder;
    const std::string path = (folder.path() / "new pool").string();
    const Words words{"plan", "--sector", "2MiB", "--page-size", "2MiB", "--node", "0", "--path", path};
    const auto with = [&](const Words& more) {
        Words all = words;
        all.insert(all.end(), more.begin(), more.end());
        return hugepagectl(all);
    };
    EXPECT_THAT(with({"--user", "daemon"}).out,
                HasSubstr("\n  sudo hugepagectl setup --size 2MiB --node 0:2 --page-size 2MiB --path '" +
                          path + "' --user daemon\n"));
    EXPECT_THAT(with({"--per-node", "3"}).out, HasSubstr("--node 0:6 "));
    EXPECT_THAT(with({}).out, ContainsRegex("1 sector of 2MiB at a time on all nodes together"));
    EXPECT_THAT(with({}).out, HasSubstr("3.5 MiB for the cache of all labels' parents"));
    const auto report = nlohmann::json::parse(with({"--json"}).out);
    EXPECT_EQ(report["schema_version"], 2);
    EXPECT_EQ(report["parents_bytes"], 3670016);
    EXPECT_EQ(report["nodes"][0]["files"], 2);
}

TEST(Plan, FailsWhereItDoesNotFit) {
    const Outcome outcome =
        hugepagectl({"plan", "--sector", "64GiB", "--page-size", "2MiB", "--parallel", "2048"});
    EXPECT_EQ(outcome.exit_status, 4) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("doesn't fit"));
}

}  // namespace
}  // namespace tests
