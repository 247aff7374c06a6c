// pc1-label as a user meets it: results, messages, exit statuses.
#include "pc1_label.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>

#include <unistd.h>

#include <algorithm>
#include <sstream>

namespace pc1 {
namespace {

using Json = nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// Of a 2 KiB sector with everything (but the API version, in the last case) left at its default; from the
// reference program.
constexpr const char* kLayer1Of2KiB = "f200cfbde320dd13634961429c5f807981eff76eaf8c91de8ce0b1f6fc5f1c3e";
constexpr const char* kLayer2Of2KiB = "1250b98234f607591afe48918fec08db2ba10b8eada628f5831ee1dcdf70c304";
constexpr const char* kLayer1Of2KiBApi1_0 =
    "ff681673a0f974f0e8054d8d926f196a0429abb08422fc4e45629c61c38f51c2";

TEST(Pc1Label, GivesTheDigestsOfTheReferenceProgram) {
    const Json result = labelled({"--sector-size", "2KiB"});
    EXPECT_EQ(result.at("schema_version"), 1);
    EXPECT_EQ(result.at("sector_size"), 2048);
    EXPECT_EQ(result.at("nodes"), 64);
    EXPECT_THAT(digests(result), testing::ElementsAre(kLayer1Of2KiB, kLayer2Of2KiB));
    EXPECT_EQ(digests(labelled({"--sector-size", "2KiB", "--api-version", "1.0"})).front(),
              kLayer1Of2KiBApi1_0);
}

TEST(Pc1Label, GivesTheSameWhereverItsMemoryComesFrom) {
    const auto expected = digests(labelled({"--sector-size", "1MiB", "--layers", "3"}));
    const Json with_calloc = labelled({"--sector-size", "1MiB", "--layers", "3", "--alloc", "calloc"});
    EXPECT_EQ(digests(with_calloc), expected);
    EXPECT_EQ(with_calloc.at("alloc"), "calloc");
    EXPECT_EQ(with_calloc.at("locked_buffers"), 0);
}

TEST(Pc1Label, TakesTheSizeInBytesAndBothIdsFromTheUser) {
    const std::string other_id(64, '7');
    const auto usual = digests(labelled({"--sector-size", "2048"}));
    EXPECT_THAT(usual, testing::ElementsAre(kLayer1Of2KiB, kLayer2Of2KiB));
    EXPECT_NE(digests(labelled({"--sector-size", "2048", "--replica-id", other_id})), usual);
    EXPECT_NE(digests(labelled({"--sector-size", "2048", "--porep-id", other_id})), usual);
}

TEST(Pc1Label, SaysOnWhichPagesItsBuffersWere) {
    const Json pages = labelled({"--sector-size", "1MiB", "--layers", "2"}).at("pages");
    ASSERT_EQ(pages.size(), 1);
    EXPECT_EQ(pages[0].at("page_size"), 4096);
    EXPECT_GE(pages[0].at("resident"), 2 << 20);
    const Outcome table = run_pc1_label({"--sector-size", "1MiB", "--layers", "2"});
    EXPECT_THAT(table.out, HasSubstr("\nPages         4 KiB, 2."));
}

TEST(Pc1Label, SaysOnceThatItsMemoryIsNotLockedAndGoesOn) {
    const auto expected = digests(labelled({"--sector-size", "1MiB", "--layers", "2"}));
    for (const std::string limit : {"0", "65536"}) {
        SCOPED_TRACE(limit);
        Arguments command{"prlimit", "--memlock=" + limit, PC1_LABEL, "--sector-size", "1MiB", "--layers",
                          "2",       "--digest",           "--json"};
        if (geteuid() == 0) {  // root may lock any amount, unless it gives up the right
            command.insert(command.begin(), {"setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock"});
        }
        const Outcome outcome = tests::run(command);
        EXPECT_EQ(outcome.exit_status, 0);
        EXPECT_THAT(outcome.err,
                    StartsWith("pc1-label: memory is not locked (2 of 2 buffers): mlock of 1 MiB: "));
        EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1);
        const Json result = Json::parse(outcome.out);
        EXPECT_EQ(result.at("locked_buffers"), 0);
        EXPECT_EQ(digests(result), expected);
    }
}

TEST(Pc1Label, RefusesWhatMakesNoSenseInOneLine) {
    const std::string short_hex(63, '0');
    const std::string wrong_hex(64, 'x');
    const std::vector<Arguments> nonsense{
        {},
        {"--sector-size"},
        {"--sector-size", ""},
        {"--sector-size", "many"},
        {"--sector-size", "0"},
        {"--sector-size", "33"},
        {"--sector-size", "128GiB", "--layers", "1"},
        {"--sector-size", "2KiB", "--layers", "0"},
        {"--sector-size", "2KiB", "--layers", "-1"},
        {"--sector-size", "2KiB", "--layers", "2x"},
        {"--sector-size", "2KiB", "--layers", "4294967296"},
        {"--sector-size", "2KiB", "--replica-id", short_hex},
        {"--sector-size", "2KiB", "--replica-id", wrong_hex},
        {"--sector-size", "2KiB", "--porep-id", short_hex + "00"},
        {"--sector-size", "2KiB", "--api-version", "1.3"},
        {"--sector-size", "2KiB", "--alloc", "malloc"},
        {"--sector-size", "2KiB", "--producers", "-1"},
        {"--sector-size", "2KiB", "--producers", "65"},
        {"--sector-size", "2KiB", "--max-nodes", "65"},
        {"--sector-size", "2KiB", "--max-nodes", "0"},
        {"--sector-size", "2KiB", "--sector-size", "4KiB"},
        {"--sector-size", "2KiB", "--unknown"},
        {"--sector-size", "2KiB", "extra"},
    };
    for (const auto& arguments : nonsense) {
        SCOPED_TRACE(testing::PrintToString(arguments));
        const Outcome outcome = run_pc1_label(arguments);
        EXPECT_EQ(outcome.exit_status, 2);
        EXPECT_THAT(outcome.out, IsEmpty());
        EXPECT_THAT(outcome.err,
                    AllOf(StartsWith("pc1-label: "), testing::EndsWith("Try 'pc1-label --help'.\n")));
        EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1);
    }
}

TEST(Pc1Label, ExplainsItselfOnStdout) {
    for (const char* flag : {"-h", "--help"}) {
        const Outcome outcome = run_pc1_label({flag});
        EXPECT_EQ(outcome.exit_status, 0);
        EXPECT_THAT(outcome.err, IsEmpty());
        EXPECT_THAT(outcome.out, AllOf(HasSubstr("--sector-size SIZE"), HasSubstr("Default: mmap"),
                                       HasSubstr("Default: 1.1"), HasSubstr("Example:")));
    }
    for (const char* flag : {"-V", "--version"}) {
        const Outcome outcome = run_pc1_label({flag});
        EXPECT_EQ(outcome.exit_status, 0);
        EXPECT_THAT(outcome.out, testing::ContainsRegex("^pc1-label [0-9]+\\.[0-9]+\\.[0-9]+\n$"));
    }
}

TEST(Pc1Label, PrintsATableThatFits80Columns) {
    const Outcome outcome = run_pc1_label({"--sector-size", "2KiB", "--digest"});
    EXPECT_EQ(outcome.exit_status, 0);
    EXPECT_THAT(outcome.out,
                AllOf(HasSubstr("2 KiB, 64 nodes"), HasSubstr("ns/node"), HasSubstr(kLayer2Of2KiB)));
    std::istringstream lines(outcome.out);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 80U) << line;
    }
    EXPECT_THAT(run_pc1_label({"--sector-size", "2KiB"}).out, Not(HasSubstr(kLayer2Of2KiB)));
}

TEST(Pc1Label, ShowsItsProgressOnATerminalOnlyAndClearsItAway) {
    if (access("/dev/pts/ptmx", F_OK) != 0 || !tests::run({"script", "--version"}).ok()) {
        GTEST_SKIP() << "needs script(1), and pseudoterminals: mount devpts at /dev/pts";
    }
    const tests::TempDir folder;
    const auto out = folder.path() / "out";
    const Outcome shown = tests::run(
        {"script", "-qec", "'" PC1_LABEL "' --sector-size 2KiB >'" + out.string() + "'", "/dev/null"},
        {{"TERM", "xterm"}});
    EXPECT_EQ(shown.exit_status, 0);
    EXPECT_THAT(shown.out, AllOf(HasSubstr("\rlayer 1 of 2 "), HasSubstr("\rlayer 2 of 2 "),
                                 testing::EndsWith("\r\033[K")));
    EXPECT_THAT(tests::read_file(out), AllOf(HasSubstr("64 nodes"), Not(HasSubstr("\r"))));
    const Outcome hidden = run_pc1_label({"--sector-size", "2KiB"});
    EXPECT_THAT(hidden.err, Not(HasSubstr("\r")));
}

}  // namespace
}  // namespace pc1
