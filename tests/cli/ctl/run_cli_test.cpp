// hugepagectl run: the command is served, and is itself in all else.
#include "tests/support/child_process.h"
#include "tests/support/pool_fixture.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <filesystem>

namespace {

using testing::HasSubstr;
using testing::Not;
using tests::ChildProcess;
using tests::Environment;
using tests::Outcome;
using tests::Pool;

constexpr std::uint64_t kRunFileBytes = 8UL << 20;
const std::string kRunBytes = std::to_string(kRunFileBytes);

using Words = std::vector<std::string>;

class RunTest : public testing::TestWithParam<tests::PageKind> {
  protected:
    void SetUp() override {
        if (!pool_.missing().empty()) {
            GTEST_SKIP() << pool_.missing();
        }
        file_ = pool_.add("one", kRunFileBytes);
        static_cast<void>(pool_.add("two", kRunFileBytes));
    }

    [[nodiscard]] Words command(const Words& options, const Words& words) const {
        Words all{CTL, "run", "--files-path", pool_.path().string()};
        all.insert(all.end(), options.begin(), options.end());
        all.emplace_back("--");
        all.insert(all.end(), words.begin(), words.end());
        return all;
    }
    [[nodiscard]] Environment environment(Environment more = {}) const {
        more.try_emplace("TMPDIR", temp_.path().string());
        return more;
    }
    [[nodiscard]] Outcome run(const Words& options, const Words& words, const Environment& more = {}) const {
        return tests::run(command(options, words), environment(more));
    }
    [[nodiscard]] std::string served() const {
        return "memory: file " + std::to_string(GetParam().page_bytes / 1024);
    }
    void expect_nothing_left() const { EXPECT_TRUE(std::filesystem::is_empty(temp_.path())); }

    Pool pool_{GetParam()};
    tests::TempDir temp_;
    std::filesystem::path file_;
};

TEST_P(RunTest, HasTheCommandServed) {
    const Outcome outcome = run({}, {PROBE, "map", kRunBytes});
    EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(served()));
    EXPECT_THAT(outcome.err, HasSubstr("leased memory file: " + file_.string()));
}

TEST_P(RunTest, BecomesTheCommand) {
    ChildProcess child(command({}, {"/bin/sh", "-c", "echo pid $$; read x"}), environment());
    ASSERT_TRUE(child.wait_for("\n"));
    EXPECT_EQ(child.out(), "pid " + std::to_string(child.pid()) + "\n");
    child.kill(SIGTERM);
    EXPECT_EQ(child.wait().signal, SIGTERM);
}

TEST_P(RunTest, PassesOnExitStatusAndArguments) {
    for (const Words& options : {Words{}, Words{"--report"}}) {
        const Outcome outcome = run(options, {"/bin/sh", "-c", "printf '<%s>' \"$@\"; exit 7", "sh", "--", "",
                                              "[a,b]", "--json", "{}", "a b"});
        EXPECT_EQ(outcome.exit_status, 7) << outcome.err;
        EXPECT_EQ(outcome.out, "<--><><[a,b]><--json><{}><a b>");
        const Outcome killed = run(options, {"/bin/sh", "-c", "kill -USR1 $$"});
        EXPECT_EQ(killed.signal, SIGUSR1) << killed.err;
    }
    expect_nothing_left();
}

TEST_P(RunTest, AddsToTheEnvironment) {
    const Words show{"/bin/sh", "-c",
                     "echo \"$LD_PRELOAD|$HUGEPAGE_MODE|$HUGEPAGE_LOG|$HUGEPAGE_FILES_PATH\""};
    EXPECT_EQ(run({}, show).out, std::string(SHIM_LIBRARY) + "|||" + pool_.path().string() + "\n");
    EXPECT_EQ(run({"--heap", "--require", "--log", "debug"}, show).out,
              std::string(HEAP_LIBRARY) + "|require|debug|" + pool_.path().string() + "\n");
    const std::string before = std::string(HEAP_LIBRARY);
    EXPECT_THAT(run({}, show, {{"LD_PRELOAD", before}}).out, HasSubstr(before + ":" + SHIM_LIBRARY + "|"));
    EXPECT_THAT(run({}, show, {{"LD_PRELOAD", SHIM_LIBRARY}}).out,
                testing::StartsWith(std::string(SHIM_LIBRARY) + "|"));
}

TEST_P(RunTest, RequiresIfAsked) {
    const Outcome outcome = run({"--require"}, {PROBE, "hold", kRunBytes, "3"});
    EXPECT_THAT(outcome.err, HasSubstr("failing with ENOMEM"));
}

TEST_P(RunTest, ReportsWhatWasServedAndWhatNot) {
    const Outcome outcome = run({"--report"}, {PROBE, "hold", kRunBytes, "3"});
    EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("hugepagectl: 2 requests served from files, 1 not\n"));
    EXPECT_THAT(outcome.err, HasSubstr("  served       " + file_.string() + ": 8.0 MiB in pages of "));
    EXPECT_THAT(outcome.err,
                HasSubstr("  not served   all_leased on node 0, once, 8.0 MiB: make more files"));
    EXPECT_THAT(outcome.err,
                HasSubstr("INFO ThreadId(01) hugepage_shim::lease: leased"));  // as without --report
    expect_nothing_left();
}

TEST_P(RunTest, ReportsAsJsonAndLogsAsTheVariablesSay) {
    const auto log = temp_.path() / "log";
    const Outcome outcome = run({"--report", "--json", "--log", "warn"}, {PROBE, "hold", kRunBytes, "3"},
                                {{"HUGEPAGE_LOG_FILE", log.string()}});
    const auto report = nlohmann::json::parse(outcome.err, nullptr, false);
    ASSERT_FALSE(report.is_discarded()) << outcome.err;
    EXPECT_EQ(report["times_served"], 2);
    EXPECT_EQ(report["not_served"][0]["reason"], "all_leased");
    EXPECT_EQ(report["not_served"][0]["size_bytes"], kRunFileBytes);
    EXPECT_EQ(report["exit_status"], 0);
    EXPECT_THAT(tests::read_file(log), HasSubstr(" WARN "));
    EXPECT_THAT(tests::read_file(log), Not(HasSubstr(" INFO ")));
}

TEST_P(RunTest, HandsOnSignalsAndLeavesNothingWhenKilled) {
    // It never comes to the end of its stdin, so nothing but the signal ends it, or a failed test's limit.
    const std::string hold =
        std::string("ulimit -t 60; exec ") + PROBE + " hold " + kRunBytes + " 1 </dev/zero";
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        ChildProcess child(command({"--report"}, {"/bin/sh", "-c", hold}), environment());
        ASSERT_TRUE(child.wait_for("holding"));
        EXPECT_TRUE(tests::is_leased(file_));
        EXPECT_FALSE(std::filesystem::is_empty(temp_.path()));
        child.kill(signal);
        const Outcome outcome = child.wait();
        EXPECT_EQ(outcome.signal, signal);
        EXPECT_THAT(outcome.err, HasSubstr("1 request served from files, 0 not"));
        EXPECT_FALSE(tests::is_leased(file_));
        expect_nothing_left();
    }
}

TEST_P(RunTest, WaitsForACommandThatDoesNotEndAtOnce) {
    const std::string script = "trap 'echo caught; exit 5' TERM; echo ready; while :; do sleep 0.1; done";
    ChildProcess child(command({"--report"}, {"/bin/sh", "-c", script}), environment());
    ASSERT_TRUE(child.wait_for("ready"));
    child.kill(SIGTERM);
    const Outcome outcome = child.wait();
    EXPECT_EQ(outcome.exit_status, 5);
    EXPECT_THAT(outcome.out, HasSubstr("caught"));
    expect_nothing_left();
}

TEST_P(RunTest, PrintsWhatItWouldDo) {
    const Outcome outcome = run({"--dry-run"}, {PROBE, "map", kRunBytes}, {{"LD_PRELOAD", HEAP_LIBRARY}});
    EXPECT_EQ(outcome.exit_status, 0);
    EXPECT_THAT(outcome.out, testing::StartsWith("env "));
    EXPECT_THAT(outcome.out, HasSubstr(" LD_PRELOAD=" + std::string(HEAP_LIBRARY) + ":" + SHIM_LIBRARY));
    // It does what it says.
    EXPECT_THAT(tests::run({"/bin/sh", "-c", outcome.out}).out, HasSubstr(served()));
}

TEST_P(RunTest, RefusesToStartWhatCantBeServed) {
    const Words say{"/bin/sh", "-c", "echo started"};
    std::filesystem::remove_all(pool_.path() / "numa_0");
    const Outcome outcome = run({}, say);
    EXPECT_EQ(outcome.exit_status, 4);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr("hugepagectl: pool: "));
    EXPECT_THAT(outcome.err, HasSubstr("--force"));
    EXPECT_EQ(run({"--force"}, say).out, "started\n");
}

TEST_P(RunTest, WarnsAndStarts) {
    const Outcome outcome = run({}, {"/bin/echo", "started"}, {{"HUGEPAGE_MODE", "maybe"}});
    EXPECT_EQ(outcome.out, "started\n");
    EXPECT_THAT(outcome.err, HasSubstr("hugepagectl: warning: variables: HUGEPAGE_MODE=maybe"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, RunTest, testing::Values(tests::kTmpfs, tests::kHuge2M),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST(Run, RefusesWhatMakesNoSense) {
    const std::vector<Words> wrong = {{},
                                      {"--"},
                                      {"--", ""},
                                      {"true"},
                                      {"--log", "loud", "--", "true"},
                                      {"--json", "--", "true"},
                                      {"--files-path", "", "--", "true"},
                                      {"--files-path-pattern", "/no", "--", "true"},
                                      {"--library", "/no/such.so", "--", "true"},
                                      {"--no-such", "--", "true"}};
    for (Words words : wrong) {
        const std::string shown = testing::PrintToString(words);
        words.insert(words.begin(), {CTL, "run"});
        const Outcome outcome = tests::run(words);
        EXPECT_EQ(outcome.exit_status, 2) << shown << outcome.err;
        EXPECT_EQ(outcome.out, "") << shown;
    }
    EXPECT_EQ(tests::run({CTL, "plan", "--sector", "32GiB", "--", "true"}).exit_status, 2);
}

TEST(Run, SaysThatThereIsNoProgram) {
    const Outcome outcome = tests::run({CTL, "run", "--", "no-such-program"});
    EXPECT_EQ(outcome.exit_status, 4);
    EXPECT_THAT(outcome.err, HasSubstr("program: no-such-program: not found in PATH"));
    EXPECT_EQ(tests::run({CTL, "run", "--force", "--", "no-such-program"}).exit_status, 1);
}

}  // namespace
