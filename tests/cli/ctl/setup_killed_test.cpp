// setup killed before each of its changes in turn: what it has added until then, remove takes away.
#include "tests/cli/ctl/machine.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

namespace tests {
namespace {

bool is_change(std::uint64_t call) {
    constexpr std::uint64_t kChanges[] = {SYS_mkdirat,   SYS_mount,  SYS_write,    SYS_renameat,
                                          SYS_renameat2, SYS_linkat, SYS_unlinkat, SYS_fchmod,
                                          SYS_fsync,     SYS_rmdir,  SYS_umount2};
    return std::ranges::find(kChanges, call) != std::ranges::end(kChanges);
}

// Runs it until it is about to make its n-th change (from 0), and sends it the signal there; its status in
// the end. Nothing if it made fewer.
std::optional<int> signalled_at(const std::vector<std::string>& command, int n, int to_send) {
    std::vector<std::string> words = command;
    std::vector<char*> argv;
    for (auto& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        const int nowhere = ::open("/dev/null", O_RDWR);
        ::dup2(nowhere, STDOUT_FILENO);
        ::dup2(nowhere, STDERR_FILENO);
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
    int signal = 0;
    for (int seen = 0;;) {
        ::ptrace(PTRACE_SYSCALL, child, nullptr, signal);
        ::waitpid(child, &status, 0);
        if (!WIFSTOPPED(status)) {
            EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            return std::nullopt;
        }
        const bool is_call = WSTOPSIG(status) == (SIGTRAP | 0x80);
        signal = is_call ? 0 : WSTOPSIG(status);
        __ptrace_syscall_info info{};
        if (is_call && ::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) > 0 &&
            info.op == PTRACE_SYSCALL_INFO_ENTRY && is_change(info.entry.nr) && seen++ == n) {
            ::kill(child, to_send);
            ::ptrace(PTRACE_DETACH, child, nullptr, nullptr);
            ::waitpid(child, &status, 0);
            return status;
        }
    }
}

bool killed_at(const std::vector<std::string>& command, int n) {
    return signalled_at(command, n, SIGKILL).has_value();
}

class KilledTest : public CtlTest {};

TEST_F(KilledTest, IsTakenBackWhereverItWasKilled) {
    constexpr int kTries = 3;  // others may change the count in between; a leak would be there each time
    int changes = 0;
    for (bool is_killed = true; is_killed; ++changes) {
        bool is_as_before = false;
        for (int i = 0; i < kTries && !is_as_before; ++i) {
            const std::uint64_t before = reserved_pages();
            is_killed = killed_at(command(setup({"--size", size_to_grow(), "--num", "1"})), changes);
            const auto gone = hugepagectl({"remove"});
            ASSERT_EQ(gone.exit_status, 0) << changes << ": " << gone.err << gone.out;
            expect_nothing_left();
            is_as_before = reserved_pages() == before;
        }
        EXPECT_TRUE(is_as_before) << "killed before change " << changes;
        ASSERT_FALSE(HasFailure()) << changes;
    }
    EXPECT_GT(changes, 20);
}

TEST_F(KilledTest, LetsRemoveBeKilledToo) {
    int changes = 0;
    for (bool is_killed = true; is_killed; ++changes) {
        ASSERT_EQ(hugepagectl(setup({"--size", size_to_grow(), "--num", "1"})).exit_status, 0);
        is_killed = killed_at(command({"remove"}), changes);
        const auto gone = hugepagectl({"remove"});
        ASSERT_EQ(gone.exit_status, 0) << changes << ": " << gone.err << gone.out;
        expect_nothing_left();
        ASSERT_FALSE(HasFailure()) << changes;
    }
    EXPECT_GT(changes, 10);
}

// What was killed is finished by another setup.
TEST_F(KilledTest, IsFinishedByTheNextSetup) {
    int change = 0;
    for (; killed_at(command(setup({"--size", "8MiB"})), change); change += 5) {
        const auto again = hugepagectl(setup({"--size", "8MiB"}));
        ASSERT_EQ(again.exit_status, 0) << change << ": " << again.err;
        EXPECT_TRUE(std::filesystem::exists(file(1)));
        ASSERT_EQ(hugepagectl({"remove"}).exit_status, 0);
        expect_nothing_left();
    }
    EXPECT_GT(change, 20);
}

// Asked to end, it takes back by itself what it has added, unless it is done before it hears.
TEST_F(KilledTest, LeavesNothingWhenInterrupted) {
    int interrupted = 0;
    for (int change = 0;; change += 3) {
        const auto status =
            signalled_at(command(setup({"--size", size_to_grow(), "--num", "1"})), change, SIGTERM);
        if (!status) {
            break;
        }
        // While it prints, a signal ends it as it ends others: all is done then.
        const bool was_printing = WIFSIGNALED(*status);
        EXPECT_TRUE(!was_printing || WTERMSIG(*status) == SIGTERM) << change;
        if (!was_printing && WEXITSTATUS(*status) == 128 + SIGTERM) {
            ++interrupted;
        } else {
            // 3 where others have taken the pages.
            EXPECT_TRUE(was_printing || WEXITSTATUS(*status) == 0 || WEXITSTATUS(*status) == 3) << *status;
            ASSERT_EQ(hugepagectl({"remove"}).exit_status, 0) << change;
        }
        expect_nothing_left();
        ASSERT_FALSE(HasFailure()) << change;
    }
    EXPECT_GT(interrupted, 3);
}

}  // namespace
}  // namespace tests
