#include "tools/common/holders.h"

#include "tests/support/temp_dir.h"

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

namespace hugepage {
namespace {

using testing::IsEmpty;

struct Seen {
    std::size_t file;
    Holder holder;
};

std::vector<Seen> holders_of(const std::vector<FileId>& files, const char* proc = "/proc") {
    std::vector<Seen> seen;
    const auto asked = for_each_holder(
        files,
        [&](std::size_t file, const Holder& holder) {
            seen.push_back({file, holder});
        },
        proc);
    EXPECT_TRUE(asked) << asked.error().tried;
    return seen;
}

TEST(Locks, AreReadFromTheKernelsTable) {
    const auto lock = parse_lock("12: FLOCK  ADVISORY  WRITE 21503 00:1b:1386432 0 EOF");
    ASSERT_TRUE(lock);
    EXPECT_EQ(lock->pid, 21503);
    EXPECT_EQ(lock->file, (FileId{makedev(0, 0x1b), 1386432}));
    EXPECT_EQ(parse_lock("1: FLOCK  ADVISORY  READ 7 103:0a:5 0 EOF")->file.device, makedev(0x103, 10));
}

TEST(Locks, ThatAreWaitedForOrOfAnotherKindAreNone) {
    for (const char* line :
         {"12: -> FLOCK  ADVISORY  WRITE 21503 00:1b:1386432 0 EOF",
          "1: POSIX  ADVISORY  WRITE 300 00:1b:5 0 EOF", "1: OFDLCK ADVISORY  WRITE -1 00:1b:5 0 EOF",
          "1: LEASE  ACTIVE    READ 300 00:1b:5 0 EOF", "", "12:", "1: FLOCK", "1: FLOCK  ADVISORY  WRITE",
          "1: FLOCK  ADVISORY  WRITE 5 00:1b 0 EOF", "1: FLOCK  ADVISORY  WRITE x 00:1b:5 0 EOF",
          "1: FLOCK  ADVISORY  WRITE 5 <none>:0 0 EOF",
          "1: FLOCK  ADVISORY  WRITE 5 00:1b:99999999999999999999 0 EOF"}) {
        EXPECT_FALSE(parse_lock(line)) << line;
    }
}

TEST(MappedFile, IsReadFromALineOfMaps) {
    const auto mapping =
        parse_mapped_file("7f0000000000-7f0040000000 rw-s 00000000 00:28 1386432    /mnt/huge/a b");
    ASSERT_TRUE(mapping);
    EXPECT_EQ(mapping->file, (FileId{makedev(0, 0x28), 1386432}));
    EXPECT_EQ(mapping->first_byte, 0x7f0000000000U);
    const auto part = parse_mapped_file("7f0000200000-7f0040000000 rw-s 00100000 00:28 17 /x (deleted)");
    ASSERT_TRUE(part);
    EXPECT_EQ(part->file.inode, 17U);
    EXPECT_EQ(part->first_byte, 0x7f0000100000U);
}

TEST(MappedFile, IsNoneOfOtherMemory) {
    for (const char* line :
         {"7ffd1000-7ffd2000 rw-p 00000000 00:00 0    [stack]", "", "7ffd1000-7ffd2000 rw-p 00000000 00:00 0",
          "7ffd1000-7ffd2000 rw-p", "7ffd1000-7ffd2000 rw-p 00000000 0000 5 /x",
          "7ffd1000-7ffd2000 rw-p x 00:28 5 /x", "-7ffd2000 rw-p 00000000 00:28 5 /x"}) {
        EXPECT_FALSE(parse_mapped_file(line)) << line;
    }
}

TEST(StartTicks, AreFoundBehindAnyName) {
    EXPECT_EQ(parse_start_ticks("5 (a) S 1 5 5 0 -1 1 2 3 4 5 6 7 8 9 20 0 1 0 8765 1000 50\n"), 8765U);
    EXPECT_EQ(parse_start_ticks("5 (a) b) S 1 5 5 0 -1 1 2 3 4 5 6 7 8 9 20 0 1 0 8765 1000\n"), 8765U);
    EXPECT_FALSE(parse_start_ticks("5 (a"));
    EXPECT_FALSE(parse_start_ticks("5 (a) S 1 5"));
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
class Holders : public testing::Test {
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

    static constexpr std::size_t kPage = 4096;
    tests::TempDir dir_{"/dev/shm"};
};

TEST_F(Holders, OfAFreeFileAreNone) {
    EXPECT_THAT(holders_of({make_file("a").id}), IsEmpty());
}

TEST_F(Holders, AreThoseThatHaveLockedIt) {
    const auto file = make_file("a");
    const auto before = std::time(nullptr);
    const Child child([&] { lock(file); });
    const auto after = std::time(nullptr);
    const auto seen = holders_of({file.id});
    ASSERT_EQ(seen.size(), 1U);
    const Holder& holder = seen[0].holder;
    EXPECT_EQ(holder.pid, child.pid());
    EXPECT_TRUE(holder.has_locked);
    EXPECT_FALSE(holder.has_mapped);
    const std::string own_name = tests::read_file("/proc/self/comm");
    EXPECT_EQ(holder.command.view(), own_name.substr(0, own_name.size() - 1));
    EXPECT_GE(holder.running_since, before - 2);  // the kernel rounds
    EXPECT_LE(holder.running_since, after + 2);
}

TEST_F(Holders, AreThoseThatHaveItMappedHoweverOften) {
    const auto file = make_file("a");
    const Child child([&] {
        const int fd = lock(file);
        for (const off_t page : {0, 2}) {
            ::mmap(nullptr, kPage, PROT_READ, MAP_SHARED, fd, page * static_cast<off_t>(kPage));
        }
        ::close(fd);
    });
    const auto seen = holders_of({file.id});
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].holder.pid, child.pid());
    EXPECT_TRUE(seen[0].holder.has_mapped);
    EXPECT_TRUE(seen[0].holder.has_locked);
}

TEST_F(Holders, HaveAFileAtOnePlaceIfItsPartsLieAsInTheFile) {
    const auto file = make_file("a");
    const auto seen_of = [&](std::size_t second) {
        auto* const place = static_cast<char*>(
            ::mmap(nullptr, 8 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
        const Child child([&] {
            const int fd = lock(file);
            for (const std::size_t page : {std::size_t{0}, second}) {
                ::mmap(place + page * kPage, kPage, PROT_READ, MAP_SHARED | MAP_FIXED, fd,
                       page == 0 ? 0 : 2 * static_cast<off_t>(kPage));
            }
        });
        const auto seen = holders_of({file.id});
        ::munmap(place, 8 * kPage);
        EXPECT_EQ(seen.size(), 1U);
        EXPECT_EQ(seen.at(0).holder.mapped_at, reinterpret_cast<std::uintptr_t>(place));
        return seen.at(0).holder.has_mapped_elsewhere;
    };
    EXPECT_FALSE(seen_of(2));
    EXPECT_TRUE(seen_of(5));
}

TEST_F(Holders, AreTheChildrenOfOneThatIsGone) {
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
    const auto seen = holders_of({file.id});
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_TRUE(seen[0].holder.has_mapped);
    EXPECT_FALSE(seen[0].holder.has_locked);
    EXPECT_EQ(seen[1].holder.pid, locker);
    EXPECT_TRUE(seen[1].holder.has_locked);
    EXPECT_EQ(seen[1].holder.command.view(), "");
    ::kill(seen[0].holder.pid, SIGKILL);
}

TEST_F(Holders, AreToldForEachOfSeveralFilesAndForEachOfTheirNames) {
    auto files = std::vector{make_file("a"), make_file("b"), make_file("c")};
    std::ranges::sort(files, {}, &File::id);
    const Child one([&] { map(lock(files[0])); });
    const Child two([&] { map(lock(files[2])); });
    std::vector<std::pair<std::size_t, pid_t>> told;
    for (const auto& [file, holder] : holders_of({files[0].id, files[1].id, files[2].id, files[2].id})) {
        told.emplace_back(file, holder.pid);
    }
    EXPECT_THAT(told, testing::UnorderedElementsAre(std::pair(0, one.pid()), std::pair(2, two.pid()),
                                                    std::pair(3, two.pid())));
}

TEST_F(Holders, ThatTheCallerMayNotSeeAreCounted) {
    const uid_t before = ::geteuid();
    if (before == 0) {
        ASSERT_EQ(::seteuid(65534), 0);
    }
    const auto asked = for_each_holder({}, [](std::size_t, const Holder&) {});
    if (before == 0) {
        ASSERT_EQ(::seteuid(0), 0);
    }
    ASSERT_TRUE(asked);
    EXPECT_GT(asked.value().processes, 0U);
}

TEST_F(Holders, CannotBeToldWithoutTheTables) {
    const auto asked = for_each_holder(
        {}, [](std::size_t, const Holder&) {}, dir_.path().c_str());
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().code, ENOENT);
}

}  // namespace
}  // namespace hugepage
