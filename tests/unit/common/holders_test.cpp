#include "tests/support/temp_dir.h"
#include "tools/common/processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace tools {
namespace {

using testing::IsEmpty;

std::vector<Holder> holders_of(const FileId& file) {
    return find_holders({file}).of_file[file];
}

// A child that does what it is told and then waits until it is killed.
class Child {
  public:
    template <class Act>
    explicit Child(Act act) {
        int ready[2];
        EXPECT_EQ(::pipe(ready), 0);
        pid_ = ::fork();
        if (pid_ < 0) {
            throw std::runtime_error("fork");
        }
        if (pid_ == 0) {
            act();
            static_cast<void>(!::write(ready[1], "x", 1));
            ::pause();
            ::_exit(0);
        }
        ::close(ready[1]);  // or a child that dies would be waited for without end
        char byte = 0;
        EXPECT_EQ(::read(ready[0], &byte, 1), 1);
        ::close(ready[0]);
    }
    ~Child() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    pid_t pid_ = -1;
};

// On tmpfs, where the numbers in the kernel's tables are those of stat, as on hugetlbfs.
class HoldersOf : public testing::Test {
  protected:
    struct File {
        std::filesystem::path path;
        FileId id;
    };
    [[nodiscard]] File make_file(const std::string& name) const {
        const auto path = dir_.write(name, std::string(3 * kPage, 'x'));
        struct stat facts {};
        EXPECT_EQ(::stat(path.c_str(), &facts), 0);
        return {path, {facts.st_dev, facts.st_ino}};
    }
    static int lock(const File& file) {
        const int fd = ::open(file.path.c_str(), O_RDWR);
        return ::flock(fd, LOCK_EX | LOCK_NB) == 0 ? fd : -1;
    }
    static void map(int fd) {
        ::mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        ::close(fd);
    }

    static inline const std::size_t kPage = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    tests::TempDir dir_{"/dev/shm"};
};

TEST_F(HoldersOf, OfAFreeFileAreNone) {
    EXPECT_THAT(holders_of(make_file("a").id), IsEmpty());
}

TEST_F(HoldersOf, AreThoseThatHaveLockedIt) {
    const auto file = make_file("a");
    const auto before = std::time(nullptr);
    const Child child([&] { lock(file); });
    const auto after = std::time(nullptr);
    const auto seen = holders_of(file.id);
    ASSERT_EQ(seen.size(), 1U);
    const Holder& holder = seen[0];
    EXPECT_EQ(holder.pid, child.pid());
    EXPECT_TRUE(holder.has_locked);
    EXPECT_FALSE(holder.has_mapped());
    const std::string own_name = tests::read_file("/proc/self/comm");
    EXPECT_EQ(holder.command, own_name.substr(0, own_name.size() - 1));
    EXPECT_GE(holder.running_since, before - 2);  // the kernel rounds
    EXPECT_LE(holder.running_since, after + 2);
}

TEST_F(HoldersOf, AreThoseThatHaveItMappedHoweverOften) {
    const auto file = make_file("a");
    const Child child([&] {
        const int fd = lock(file);
        for (const off_t page : {0, 2}) {
            ::mmap(nullptr, kPage, PROT_READ, MAP_SHARED, fd, page * static_cast<off_t>(kPage));
        }
        ::close(fd);
    });
    const auto seen = holders_of(file.id);
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].pid, child.pid());
    EXPECT_TRUE(seen[0].has_mapped());
    EXPECT_TRUE(seen[0].has_locked);
}

TEST_F(HoldersOf, HaveAFileAtOnePlaceIfItsPartsLieAsInTheFile) {
    const auto file = make_file("a");
    const auto places_of = [&](std::size_t second) {
        auto* const place = static_cast<char*>(
            ::mmap(nullptr, 8 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
        const Child child([&] {
            const int fd = lock(file);
            for (const std::size_t page : {std::size_t{0}, second}) {
                ::mmap(place + page * kPage, kPage, PROT_READ, MAP_SHARED | MAP_FIXED, fd,
                       page == 0 ? 0 : 2 * static_cast<off_t>(kPage));
            }
        });
        const auto seen = holders_of(file.id);
        ::munmap(place, 8 * kPage);
        EXPECT_EQ(seen.size(), 1U);
        EXPECT_EQ(*seen.at(0).mapped_at.begin(), reinterpret_cast<std::uintptr_t>(place));
        return seen.at(0).mapped_at.size();
    };
    EXPECT_EQ(places_of(2), 1U);
    EXPECT_EQ(places_of(5), 2U);
}

TEST_F(HoldersOf, AreTheChildrenOfOneThatIsGone) {
    const auto file = make_file("a");
    int gone[2];
    ASSERT_EQ(::pipe(gone), 0);
    const Child child([&] {
        const pid_t locker = ::fork();
        if (locker == 0) {
            map(lock(file));
            if (::fork() != 0) {
                ::_exit(0);
            }
            ::alarm(60);  // nobody else may end it
            ::pause();
            ::_exit(0);
        }
        ::waitpid(locker, nullptr, 0);
        static_cast<void>(!::write(gone[1], &locker, sizeof locker));
    });
    ::close(gone[1]);
    pid_t locker = 0;
    ASSERT_EQ(::read(gone[0], &locker, sizeof locker), static_cast<ssize_t>(sizeof locker));
    const auto seen = holders_of(file.id);
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_TRUE(seen[0].has_mapped());
    EXPECT_FALSE(seen[0].has_locked);
    EXPECT_EQ(seen[1].pid, locker);
    EXPECT_TRUE(seen[1].has_locked);
    EXPECT_EQ(seen[1].command, "");
    ::kill(seen[0].pid, SIGKILL);
}

TEST_F(HoldersOf, AreToldForEachOfSeveralFiles) {
    const std::vector files{make_file("a"), make_file("b"), make_file("c")};
    const Child one([&] { map(lock(files[0])); });
    const Child two([&] { map(lock(files[2])); });
    auto found = find_holders({files[0].id, files[1].id, files[2].id}).of_file;
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[files[0].id].at(0).pid, one.pid());
    EXPECT_EQ(found[files[2].id].at(0).pid, two.pid());
}

// Of another kind, or waited for; and a process's name may have any bytes.
TEST_F(HoldersOf, AreThoseOfFlocks) {
    const FileId file{makedev(0x103, 0x1b), 5};
    for (const char* other :
         {"1: -> FLOCK  ADVISORY  WRITE 7 103:1b:5 0 EOF", "1: POSIX  ADVISORY  WRITE 7 103:1b:5 0 EOF",
          "1: OFDLCK ADVISORY  WRITE -1 103:1b:5 0 EOF", "1: LEASE  ACTIVE    READ 7 103:1b:5 0 EOF",
          "1: FLOCK  ADVISORY  WRITE 7 103:1b:6 0 EOF", "1: FLOCK", "nonsense", ""}) {
        dir_.write("locks", std::string(other) + "\n");
        EXPECT_TRUE(find_holders({file}, dir_.path()).of_file.empty()) << other;
    }
    dir_.write("locks", "12: FLOCK  ADVISORY  READ 7 103:1b:5 0 EOF\n");
    dir_.write("7/comm", "a) b\n");
    dir_.write("7/stat", "7 (a) b) S 1 5 5 0 -1 1 2 3 4 5 6 7 8 9 20 0 1 0 8765 1000 50\n");
    dir_.write("7/maps", "7f0000200000-7f0040000000 rw-s 00100000 103:1b 5    /mnt/a b (deleted)\n");
    const auto holders = find_holders({file}, dir_.path()).of_file[file];
    ASSERT_EQ(holders.size(), 1U);
    EXPECT_EQ(holders[0].command, "a) b");
    EXPECT_GT(holders[0].running_since, 0);
    EXPECT_THAT(holders[0].mapped_at, testing::ElementsAre(0x7f0000100000));
}

TEST_F(HoldersOf, ThatTheCallerMayNotSeeAreCounted) {
    const uid_t before = ::geteuid();
    if (before == 0) {
        ASSERT_EQ(::seteuid(65534), 0);
    }
    const Holders found = find_holders({});
    if (before == 0) {
        ASSERT_EQ(::seteuid(0), 0);
    }
    EXPECT_GT(found.unseen_processes, 0U);
}

TEST_F(HoldersOf, CannotBeToldWithoutTheTables) {
    EXPECT_THROW(static_cast<void>(find_holders({}, dir_.path())), Failure);
}

}  // namespace
}  // namespace tools
