#include "shim/base/log.h"

#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

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

// In a process of its own, with the file as its stderr; true if the test says so, and no signal came of it.
class LogOnStderr : public testing::Test {
  protected:
    static bool in_a_child(int stderr_fd, const std::function<bool()>& test) {
        const pid_t child = ::fork();
        if (child == 0) {
            const bool ready = ::dup2(stderr_fd, STDERR_FILENO) == STDERR_FILENO;
            const bool right = test();
            sigset_t pending{};
            ::sigpending(&pending);
            ::_exit(ready && right && sigisemptyset(&pending) != 0 ? 0 : 1);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    static bool say(const char* file, std::initializer_list<const char*> messages = {"b"}) {
        log::start(log::Level::info, file);
        for (const char* message : messages) {
            log::write(log::Level::info, "a", message);
        }
        return true;
    }
    // What the child has written to stderr, and to stdout, if that is the same file.
    [[nodiscard]] std::string said() const { return tests::read_file(err_); }
    [[nodiscard]] int open_err() const { return ::open(err_.c_str(), O_RDWR | O_APPEND | O_CLOEXEC); }

    tests::TempDir dir_;
    std::filesystem::path err_ = dir_.write("err", "");
};

TEST_F(LogOnStderr, SendsTheHostNoSignalWhenNobodyReadsIt) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    ::close(ends[0]);
    EXPECT_TRUE(in_a_child(ends[1], [] { return say(""); }));
    ::close(ends[1]);
}

TEST_F(LogOnStderr, SendsTheHostNoSignalWhenAFileHasReachedItsLimit) {
    const int err = open_err();
    EXPECT_TRUE(in_a_child(err, [this] {
        const rlimit none{0, 0};
        return ::setrlimit(RLIMIT_FSIZE, &none) == 0 && say("") && say((dir_.path() / "log").c_str());
    }));
    EXPECT_EQ(said(), "");
    ::close(err);
}

TEST_F(LogOnStderr, LeavesASignalThatWasThereBefore) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    ::close(ends[0]);
    EXPECT_TRUE(in_a_child(ends[1], [] {
        sigset_t pipe{};
        ::sigaddset(&pipe, SIGPIPE);
        const timespec no_wait{};
        return ::sigprocmask(SIG_BLOCK, &pipe, nullptr) == 0 && ::raise(SIGPIPE) == 0 && say("") &&
               ::sigtimedwait(&pipe, nullptr, &no_wait) == SIGPIPE;
    }));
    ::close(ends[1]);
}

TEST_F(LogOnStderr, DropsLinesRatherThanWaitAndSaysHowMany) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_NONBLOCK), 0);
    const std::string junk(4096, 'x');
    while (::write(ends[1], junk.data(), junk.size()) > 0) {
    }
    ASSERT_EQ(::fcntl(ends[1], F_SETFL, 0), 0);
    std::string got(1 << 20, 0);
    EXPECT_TRUE(in_a_child(ends[1], [&] {
        say("", {"first", "second", "third"});
        while (::read(ends[0], got.data(), got.size()) > 0) {
        }
        log::write(log::Level::info, "a", "fourth");
        log::write(log::Level::info, "a", "fifth");
        return true;
    }));
    got.resize(static_cast<std::size_t>(::read(ends[0], got.data(), got.size())));
    EXPECT_THAT(got,
                MatchesRegex("[^\n]* WARN [^\n]*::log: 3 lines were dropped\n[^\n]*fourth\n[^\n]*fifth\n"));
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_F(LogOnStderr, WritesToNoOtherFileThatHasTakenItsPlace) {
    const auto data = dir_.write("data", "");
    const int err = open_err();
    EXPECT_TRUE(in_a_child(err, [&] {
        log::start(log::Level::info, "");
        ::close(STDERR_FILENO);
        const bool taken = ::open(data.c_str(), O_WRONLY) == STDERR_FILENO;
        log::write(log::Level::info, "a", "b");
        return taken;
    }));
    EXPECT_EQ(said() + tests::read_file(data), "");
    ::close(err);
}

TEST_F(LogOnStderr, IsMeantByItsPathAndSoIsStdout) {
    for (const char* name : {"", "stderr", "/dev/stderr", "/dev/stdout"}) {
        const int err = open_err();
        ASSERT_EQ(::ftruncate(err, 0), 0);
        EXPECT_TRUE(in_a_child(err, [&] {
            const bool is_stdout = std::string_view(name) == "/dev/stdout";
            return (!is_stdout || ::dup2(err, STDOUT_FILENO) == STDOUT_FILENO) &&
                   ::close(is_stdout ? STDERR_FILENO : STDOUT_FILENO) == 0 && say(name);
        })) << name;
        EXPECT_THAT(said(), MatchesRegex("[^\n]*::a: b\n")) << name;
        ::close(err);
    }
}

TEST_F(LogOnStderr, HearsOnceThatTheFileCannotBeUsed) {
    const auto target = dir_.write("target", "");
    const auto in_dir = [this](const char* name) { return (dir_.path() / name).string(); };
    std::filesystem::create_symlink(target, in_dir("link"));
    ASSERT_EQ(::mkfifo(in_dir("fifo").c_str(), 0600), 0);
    const int reader = ::open(in_dir("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    for (const auto& [file, why] : std::vector<std::pair<std::string, std::string>>{
             {"/nowhere/at/all", "open: No such file or directory"},
             {in_dir(""), "open: Is a directory"},
             {in_dir("link"), "open: Too many levels of symbolic links"},
             {in_dir("fifo"), "it is no regular file"},
             {"/dev/null", "it is no regular file"},
             {"/dev/full", "it is no regular file"}}) {
        const int err = open_err();
        ASSERT_EQ(::ftruncate(err, 0), 0);
        EXPECT_TRUE(in_a_child(err, [&name = file] {
            return say(name.c_str(), {"first", "second"});
        })) << file;
        EXPECT_THAT(said(), MatchesRegex("[^\n]* WARN [^\n]*::log: cannot write to HUGEPAGE_LOG_FILE=" +
                                         file + ": " + why + "\n"))
            << file;
        ::close(err);
    }
    EXPECT_EQ(tests::read_file(target), "");
    ::close(reader);
}

}  // namespace
}  // namespace hugepage
