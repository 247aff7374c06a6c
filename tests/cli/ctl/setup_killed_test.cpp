// setup killed before each of its changes in turn: what it has added until then, remove takes away.
#include "tests/cli/ctl/machine.h"
#include "tests/cli/ctl/traced.h"

#include <sys/syscall.h>

#include <algorithm>
#include <optional>

namespace tests {
namespace {

bool is_change(std::uint64_t call) {
    constexpr std::uint64_t kChanges[] = {SYS_mkdirat, SYS_mount,    SYS_write,  SYS_renameat, SYS_renameat2,
                                          SYS_linkat,  SYS_unlinkat, SYS_fchmod, SYS_fsync,    SYS_umount2};
    return std::ranges::find(kChanges, call) != std::ranges::end(kChanges);
}

// Sent the signal as it is about to make its n-th change (from 0); its status in the end. Nothing if it made
// fewer.
std::optional<int> signalled_at(const std::vector<std::string>& command, int n, int to_send) {
    int seen = 0;
    return traced(command, to_send, [&](const Call& call) { return is_change(call.number) && seen++ == n; });
}

bool killed_at(const std::vector<std::string>& command, int n) {
    return signalled_at(command, n, SIGKILL).has_value();
}

class KilledTest : public CtlTest {
  protected:
    // Of one file on each node of the machine.
    [[nodiscard]] std::vector<std::string> setup_of(const std::string& size) const {
        return command({"setup", "--page-size", "2MiB", "--path", place(), "--size", size, "--num", "1"});
    }
};

TEST_F(KilledTest, IsTakenBackWhereverItWasKilled) {
    constexpr int kTries = 3;  // others may change the count in between; a leak would be there each time
    int changes = 0;
    for (bool is_killed = true; is_killed; ++changes) {
        bool is_as_before = false;
        for (int i = 0; i < kTries && !is_as_before; ++i) {
            const std::uint64_t before = reserved_pages();
            is_killed = killed_at(setup_of(size_to_grow()), changes);
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
        ASSERT_EQ(run(setup_of(size_to_grow())).exit_status, 0);
        is_killed = killed_at(command({"remove"}), changes);
        const auto gone = hugepagectl({"remove"});
        ASSERT_EQ(gone.exit_status, 0) << changes << ": " << gone.err << gone.out;
        expect_nothing_left();
        ASSERT_FALSE(HasFailure()) << changes;
    }
    EXPECT_GT(changes, 10);
}

// Of a call that changes something: which argument is the path, and which the folder that it begins in.
struct PathOf {
    std::uint64_t call;
    int path;
    int folder = -1;  // none
};
constexpr PathOf kPaths[] = {
    {SYS_mount, 1},        {SYS_umount2, 0},     {SYS_truncate, 0},    {SYS_setxattr, 0},
    {SYS_openat, 1, 0},    {SYS_mkdirat, 1, 0},  {SYS_mknodat, 1, 0},  {SYS_symlinkat, 2, 1},
    {SYS_unlinkat, 1, 0},  {SYS_fchmodat, 1, 0}, {SYS_fchownat, 1, 0}, {SYS_linkat, 1, 0},
    {SYS_linkat, 3, 2},    {SYS_renameat, 1, 0}, {SYS_renameat, 3, 2}, {SYS_renameat2, 1, 0},
    {SYS_renameat2, 3, 2},
#ifdef SYS_rename  // newer architectures have none of these
    {SYS_open, 0},         {SYS_creat, 0},       {SYS_mkdir, 0},       {SYS_mknod, 0},
    {SYS_symlink, 1},      {SYS_rmdir, 0},       {SYS_unlink, 0},      {SYS_link, 1},
    {SYS_rename, 0},       {SYS_rename, 1},      {SYS_chmod, 0},       {SYS_chown, 0},
    {SYS_lchown, 0},
#endif
};

// Where another user may change a folder on the way, a path can mean something else by the time that it is
// used. So files are changed by one name in a folder that is open, and mounts by /proc/self/fd.
class NamesTest : public KilledTest {
  protected:
    static bool only_reads(const Call& call) {
        return call.number == SYS_openat && (call.arguments[2] & (O_ACCMODE | O_CREAT)) == 0;
    }
    static bool is_safe(const std::string& path, bool has_folder) {
        const auto slashes = std::ranges::count(path, '/');
        // There, a name in a folder may follow: "/proc/self/fd/5/name".
        return path.starts_with("/sys/") || (path.starts_with("/proc/self/fd/") && slashes <= 5) ||
               (has_folder && slashes == 0);
    }
    // How many it changed.
    static int expect_no_paths(const std::vector<std::string>& command) {
        int changes = 0;
        const auto status = traced(command, SIGKILL, [&](const Call& call) {
            for (const PathOf& one : kPaths) {
                if (call.number != one.call || only_reads(call)) {
                    continue;
                }
                ++changes;
                const bool has_folder =
                    one.folder >= 0 && static_cast<int>(call.arguments[one.folder]) != AT_FDCWD;
                EXPECT_TRUE(is_safe(call.text(one.path), has_folder))
                    << "system call " << call.number << ": " << call.text(one.path);
            }
            return false;
        });
        EXPECT_FALSE(status);
        return changes;
    }
};

TEST_F(NamesTest, AreNotUsedTwice) {
    EXPECT_GT(expect_no_paths(setup_of(size_to_grow())), 8);
    EXPECT_GT(expect_no_paths(command(setup({"--size", "8MiB", "--num", "1"}))), 1);
    EXPECT_GT(expect_no_paths(command(setup({"--size", "8MiB", "--num", "1", "--user", "12345"}))), 2);
    EXPECT_GT(expect_no_paths(command({"remove"})), 5);
    expect_nothing_left();
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
        const auto status = signalled_at(setup_of(size_to_grow()), change, SIGTERM);
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
