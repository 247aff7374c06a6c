// hugepagectl run: the command is served, and is itself in all else.
#include "tests/support/child_process.h"
#include "tests/support/pool_fixture.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

namespace {

using testing::HasSubstr;
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
    [[nodiscard]] Outcome run(const Words& options, const Words& words, const Environment& more = {}) const {
        return tests::run(command(options, words), more);
    }
    [[nodiscard]] std::string served() const {
        return "memory: file " + std::to_string(GetParam().page_bytes / 1024);
    }

    Pool pool_{GetParam()};
    std::filesystem::path file_;
};

TEST_P(RunTest, HasTheCommandServed) {
    const Outcome outcome = run({}, {PROBE, "map", kRunBytes});
    EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(served()));
    EXPECT_THAT(outcome.err, HasSubstr("leased memory file: " + file_.parent_path().string()));
}

TEST_P(RunTest, ExecsTheCommand) {
    ChildProcess child(command({}, {"/bin/sh", "-c", "echo pid $$; read x"}), {});
    ASSERT_TRUE(child.wait_for("\n"));
    EXPECT_EQ(child.out(), "pid " + std::to_string(child.pid()) + "\n");
    child.kill(SIGTERM);
    EXPECT_EQ(child.wait().signal, SIGTERM);
}

TEST_P(RunTest, PassesOnExitStatusAndArguments) {
    const Outcome outcome = run({}, {"/bin/sh", "-c", "printf '<%s>' \"$@\"; exit 7", "sh", "--", "", "[a,b]",
                                     "--json", "{}", "a b"});
    EXPECT_EQ(outcome.exit_status, 7) << outcome.err;
    EXPECT_EQ(outcome.out, "<--><><[a,b]><--json><{}><a b>");
}

TEST_P(RunTest, SetsTheVariables) {
    const Words show{"/bin/sh", "-c",
                     "echo \"$LD_PRELOAD|$HUGEPAGE_MODE|$HUGEPAGE_LOG|$HUGEPAGE_FILES_PATH|"
                     "$HUGEPAGE_FILES_PATH_PATTERN\""};
    const std::string pattern = pool_.path().string() + "/numa_$NUMA_NODE_INDEX\n";
    EXPECT_EQ(run({}, show, {{"HUGEPAGE_FILES_PATH", "/old"}}).out, HEAP_LIBRARY "||||" + pattern);
    EXPECT_EQ(run({"--require", "--log", "debug"}, show).out, HEAP_LIBRARY "|require|debug||" + pattern);
}

TEST_P(RunTest, ServesACommandThatWorksInAnotherFolder) {
    const std::string inside = "cd '" + pool_.path().parent_path().string() +
                               "' && exec " CTL " run --files-path " + pool_.path().filename().string() +
                               " -- sh -c 'cd / && exec " PROBE " map " + kRunBytes + "'";
    const Outcome outcome = tests::run({"/bin/sh", "-c", inside});
    EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(served()));
}

TEST_P(RunTest, ChoosesTheLibraryAndSaysWhy) {
    const Words show{"/bin/sh", "-c", "echo \"$LD_PRELOAD\""};
    const std::string before = "libfirst.so:" SHIM_LIBRARY " libsecond.so";
    const Outcome by_default = run({}, show, {{"LD_PRELOAD", before}});
    EXPECT_EQ(by_default.out, HEAP_LIBRARY ":libfirst.so:libsecond.so\n");
    EXPECT_THAT(by_default.err,
                HasSubstr("hugepagectl: library " HEAP_LIBRARY
                          " (serves calloc too; FIL_PROOFS_USE_MULTICORE_SDR is not 1); pool " +
                          pool_.path().string() + " (--files-path)\n"));
    const Outcome multicore = run({}, show, {{"FIL_PROOFS_USE_MULTICORE_SDR", "1"}});
    EXPECT_EQ(multicore.out, SHIM_LIBRARY "\n");
    EXPECT_THAT(multicore.err, HasSubstr("(FIL_PROOFS_USE_MULTICORE_SDR=1)"));
    EXPECT_EQ(run({"--no-heap"}, show).out, SHIM_LIBRARY "\n");
    EXPECT_THAT(run({"--library", SHIM_LIBRARY}, show).err,
                HasSubstr("library " SHIM_LIBRARY " (--library)"));
}

TEST(Run, NeedsNoPoolForTransparentHugePages) {
    const Words show{CTL, "run", "--thp", "--", "/bin/sh", "-c", "echo \"$LD_PRELOAD|$HUGEPAGE_MODE\""};
    const Outcome outcome = tests::run(show);
    EXPECT_EQ(outcome.out, HEAP_LIBRARY "|thp\n");
    EXPECT_THAT(outcome.err, HasSubstr("transparent huge pages and no pool (--thp)"));
    EXPECT_EQ(tests::run({CTL, "run", "--thp", "--require", "--", "true"}).exit_status, 125);
    EXPECT_EQ(tests::run({CTL, "run", "--thp", "--files-path", "/x", "--", "true"}).exit_status, 125);
}

// Nothing of it is started, since it locks no file. Without a pool of the shim's it is nobody's harm.
TEST_P(RunTest, RefusesAProgramThatMapsFilesItself) {
    const tests::TempDir folder;
    const auto worker = folder.write("worker", tests::read_file("/bin/echo") + "HUGEPAGE_FILES_PATH");
    std::filesystem::permissions(worker, std::filesystem::perms(0755));
    const Outcome refused = run({}, {worker, "a b"});
    EXPECT_EQ(refused.exit_status, 125);
    EXPECT_EQ(refused.out, "");
    EXPECT_THAT(refused.err, HasSubstr(worker.string() + " maps memory files by itself"));
    EXPECT_THAT(refused.err, HasSubstr(": HUGEPAGE_FILES_PATH=" + pool_.path().string() + " " +
                                       worker.string() + " 'a b'\n"));
    EXPECT_EQ(tests::run({CTL, "run", "--thp", "--", worker, "a b"}).out, "a b\n");
    EXPECT_EQ(run({}, {CTL, "--version"}).exit_status, 0);
}

TEST_P(RunTest, RequiresIfAsked) {
    const Outcome outcome = run({"--require"}, {PROBE, "hold", kRunBytes, "3"});
    EXPECT_THAT(outcome.err, HasSubstr("failing with ENOMEM"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, RunTest, testing::Values(tests::kTmpfs, tests::kHuge2M),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST(Run, FailsAsEnvDoes) {
    const std::vector<Words> wrong = {{},
                                      {"--"},
                                      {"true"},
                                      {"--log", "loud", "--", "true"},
                                      {"--files-path", "", "--", "true"},
                                      {"--files-path-pattern", "/no", "--", "true"},
                                      {"--library", "/no/such.so", "--", "true"},
                                      {"--no-such", "--", "true"}};
    for (Words words : wrong) {
        const std::string shown = testing::PrintToString(words);
        words.insert(words.begin(), {CTL, "run"});
        const Outcome outcome = tests::run(words);
        EXPECT_EQ(outcome.exit_status, 125) << shown << outcome.err;
        EXPECT_EQ(outcome.out, "") << shown;
    }
    const auto run = [](const std::string& command) {
        return tests::run({CTL, "run", "--files-path", "/no/pool", "--", command});
    };
    EXPECT_EQ(run("/etc/passwd").exit_status, 126);
    EXPECT_EQ(run("/no/such/program").exit_status, 127);
    const Outcome unknown = run("no-such-program");
    EXPECT_EQ(unknown.exit_status, 127);
    EXPECT_THAT(unknown.err, HasSubstr("hugepagectl: run no-such-program: No such file or directory"));
    EXPECT_EQ(tests::run({CTL, "plan", "--sector", "32GiB", "--", "true"}).exit_status, 2);
    EXPECT_EQ(tests::run({CTL, "run", "--help"}).exit_status, 0);
}

}  // namespace
