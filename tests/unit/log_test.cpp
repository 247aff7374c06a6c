#include "shim/core/log.h"

#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>

namespace hugepage {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class LogFile {
  public:
    explicit LogFile(log::Level level) { log::start(level, file().c_str()); }
    ~LogFile() { log::start(log::Level::off, ""); }
    [[nodiscard]] std::filesystem::path file() const { return dir_.path() / "log"; }
    [[nodiscard]] std::string content() const { return tests::read_file(file()); }

  private:
    tests::TempDir dir_;
};

TEST(Log, WritesLinesInTheFormOfTheFork) {
    const LogFile log(log::Level::trace);
    log::write(log::Level::trace, "pool", "loaded memory file: /mnt/huge/numa_0/32.0_GiB_0");
    EXPECT_THAT(log.content(),
                MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{9}\\+00:00 TRACE "
                             "ThreadId\\(01\\) hugepage_shim::pool: loaded memory file: "
                             "/mnt/huge/numa_0/32.0_GiB_0\n"));
}

TEST(Log, AppendsAndLeavesOutWhatIsBelowTheLevel) {
    const LogFile log(log::Level::warn);
    log::write(log::Level::warn, "a", "first");
    log::write(log::Level::info, "a", "never");
    log::write(log::Level::error, "a", "second");
    EXPECT_THAT(log.content(), MatchesRegex(".*first\n.*second\n"));
    EXPECT_THAT(log.content(), Not(HasSubstr("never")));
    EXPECT_TRUE(log::enabled(log::Level::error));
    EXPECT_FALSE(log::enabled(log::Level::info));
}

TEST(Log, KeepsOneEventOnOneLine) {
    const LogFile log(log::Level::info);
    log::write(log::Level::info, "a", "name\nwith\x1b[31m escapes\x7f and üml");
    EXPECT_THAT(log.content(), EndsWith("name\\x0awith\\x1b[31m escapes\\x7f and üml\n"));
    // By one byte, as terminals of eight bits have it, and as UTF-8 has it.
    log::write(log::Level::info, "a", "\x9b[31m \xc2\x9b[31m \xc2\xa7 \xe2\x82\xac \xf0\x9f\x90\xa7");
    EXPECT_THAT(log.content(), EndsWith("\\x9b[31m \\xc2\\x9b[31m § € 🐧\n"));
    log::write(log::Level::info, "a", "\xff\xe2\x82 cut \xe2\x82");
    EXPECT_THAT(log.content(), EndsWith("\\xff\\xe2\\x82 cut \\xe2\\x82\n"));
}

TEST(Log, CutsAnEndlessLineAndStillEndsIt) {
    const LogFile log(log::Level::info);
    log::write(log::Level::info, "a", std::string(20000, 'x'));
    EXPECT_THAT(log.content(), EndsWith("xxx...\n"));
    EXPECT_LT(log.content().size(), 2100U);
}

TEST(Log, NamesTheThread) {
    const LogFile log(log::Level::info);
    pid_t thread_id = 0;
    std::thread([&] {
        thread_id = ::gettid();
        log::write(log::Level::info, "a", "b");
    }).join();
    EXPECT_THAT(log.content(), HasSubstr("ThreadId(" + std::to_string(thread_id) + ")"));
}

TEST(Log, KeepsErrnoEvenIfTheFileCannotBeOpened) {
    log::start(log::Level::info, "/nowhere/at/all/log");
    errno = EDOM;
    log::write(log::Level::info, "a", "b");
    EXPECT_EQ(errno, EDOM);
    log::start(log::Level::off, "");
}

TEST(Log, SendsTheHostNoSignalWhenNobodyReadsItsStderr) {
    const pid_t child = ::fork();
    if (child == 0) {
        std::array<int, 2> ends{};
        const bool piped = ::pipe(ends.data()) == 0 && ::dup2(ends[1], STDERR_FILENO) == STDERR_FILENO;
        ::close(ends[0]);
        log::start(log::Level::info, "");
        log::write(log::Level::info, "a", "b");
        sigset_t pending{};
        ::sigpending(&pending);
        ::_exit(piped && sigismember(&pending, SIGPIPE) == 0 ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(Log, RefusesALinkInPlaceOfItsFile) {
    const tests::TempDir dir;
    const auto target = dir.write("target", "");
    std::filesystem::create_symlink(target, dir.path() / "link");
    log::start(log::Level::info, (dir.path() / "link").c_str());
    log::write(log::Level::info, "a", "b");
    log::start(log::Level::off, "");
    EXPECT_EQ(tests::read_file(target), "");
}

}  // namespace
}  // namespace hugepage
