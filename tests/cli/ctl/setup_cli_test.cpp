// setup and remove, to their good ends.
#include "tests/cli/ctl/machine.h"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tests {
namespace {

using testing::HasSubstr;

class SetupTest : public CtlTest {};

TEST_F(SetupTest, GoesAndComesWithoutATrace) {
    // Others may change the count in between: a leak would be there each time.
    constexpr int kTries = 5;
    bool is_as_before = false;
    bool has_added = false;
    for (int i = 0; i < kTries && !is_as_before; ++i) {
        const std::uint64_t before = reserved_pages();
        const auto made = hugepagectl(setup({"--size", size_to_grow(), "--num", "1", "--json"}));
        ASSERT_EQ(made.exit_status, 0) << made.err;
        const auto report = json_of(made);
        EXPECT_TRUE(report["complete"]);
        EXPECT_EQ(report["mounted"], place().string());
        const std::uint64_t added = report["nodes"][0]["pages_reserved"];

        const auto record = nlohmann::json::parse(read_file(std::string(kRun) + "/record.json"));
        std::uint64_t recorded = 0;
        for (const auto& pages : record["pages"]) {
            recorded += pages["added"].get<std::uint64_t>();
        }
        EXPECT_EQ(recorded, added);

        const auto gone = hugepagectl({"remove", "--json"});
        ASSERT_EQ(gone.exit_status, 0) << gone.err << gone.out;
        std::uint64_t given = 0;
        const auto removal = json_of(gone);
        for (const auto& pages : removal["pages"]) {
            given += pages["pages_given_back"].get<std::uint64_t>();
        }
        EXPECT_EQ(given, added);
        expect_nothing_left();
        is_as_before = added > 0 && reserved_pages() == before;
        has_added = has_added || added > 0;
    }
    if (!has_added) {
        GTEST_SKIP() << "needs fewer free huge pages of 2 MiB, so that setup has to add some";
    }
    EXPECT_TRUE(is_as_before);
}

// Root reaches all; the files' user may not.
TEST_F(SetupTest, EndsWithWhatTheFilesUserWouldSay) {
    const auto arguments = setup({"--size", "8MiB", "--user", "12345"});
    EXPECT_EQ(hugepagectl(arguments).exit_status, 0);
    std::filesystem::permissions(folder_.path(), std::filesystem::perms(0700));
    for (const char* command : {"setup", "status", "verify", "doctor"}) {
        const auto outcome = std::string(command) == "setup"
                                 ? hugepagectl(arguments)
                                 : hugepagectl({command, "--path", place().string()});
        EXPECT_EQ(outcome.exit_status, std::string(command) == "status" ? 0 : 4) << command;
        EXPECT_THAT(outcome.out, HasSubstr(folder_.path().string() + " is closed to 12345")) << command;
        EXPECT_THAT(outcome.out, testing::Not(HasSubstr("nothing to do"))) << command;
    }
    EXPECT_EQ(hugepagectl({"remove"}).exit_status, 0);
}

TEST_F(SetupTest, ChangesNothingTheSecondTime) {
    ASSERT_EQ(hugepagectl(setup({"--size", "8MiB", "--mode", "0640"})).exit_status, 0);
    struct stat first {};
    ASSERT_EQ(::stat(file(0).c_str(), &first), 0);
    EXPECT_EQ(first.st_mode & 07777, 0640);
    const auto record = read_file(std::string(kRun) + "/record.json");

    const auto again = hugepagectl(setup({"--size", "8MiB"}));
    EXPECT_EQ(again.exit_status, 0) << again.err;
    EXPECT_THAT(again.out, HasSubstr("nothing to do"));
    struct stat second {};
    ASSERT_EQ(::stat(file(0).c_str(), &second), 0);
    EXPECT_EQ(first.st_ino, second.st_ino);
    EXPECT_EQ(read_file(std::string(kRun) + "/record.json"), record);

    const auto gone = hugepagectl({"remove"});
    EXPECT_EQ(gone.exit_status, 0) << gone.out;
    expect_nothing_left();
    const auto nothing = hugepagectl({"remove"});
    EXPECT_EQ(nothing.exit_status, 0);
    EXPECT_EQ(nothing.out, "Nothing is left to remove.\n");
    EXPECT_EQ(hugepagectl({"remove", "--all"}).exit_status, 0);
}

TEST_F(SetupTest, MountsWithoutRightsForOthers) {
    ASSERT_EQ(hugepagectl(setup({"--size", "8MiB"})).exit_status, 0);
    const auto mounts = read_file("/proc/self/mountinfo");
    const auto at = mounts.find(place().string());
    ASSERT_NE(at, std::string::npos);
    EXPECT_THAT(mounts.substr(at, mounts.find('\n', at) - at),
                testing::AllOf(HasSubstr("nosuid,nodev,noexec"), HasSubstr("hugetlbfs hugepagectl"),
                               HasSubstr("pagesize=2M")));
    struct stat facts {};
    ASSERT_EQ(::stat(place().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, 0755);
}

TEST_F(SetupTest, AddsToWhatIsThere) {
    ASSERT_EQ(hugepagectl(setup({"--size", "8MiB", "--num", "1"})).exit_status, 0);
    const auto more = hugepagectl(setup({"--size", "8MiB", "--num", "3", "--json"}));
    ASSERT_EQ(more.exit_status, 0) << more.err;
    EXPECT_EQ(json_of(more)["nodes"][0]["files_kept"].size(), 1);
    EXPECT_EQ(json_of(more)["nodes"][0]["files_created"].size(), 2);
    EXPECT_THAT(hugepagectl(setup({"--size", "4MiB", "--num", "1"})).out,
                HasSubstr("Node 0 has 3 files besides"));
}

TEST_F(SetupTest, TakesAwayFilesByNumberAndByName) {
    ASSERT_EQ(hugepagectl(setup({"--size", "8MiB", "--num", "4"})).exit_status, 0);
    EXPECT_EQ(hugepagectl({"remove", "--num", "2"}).exit_status, 0);
    EXPECT_TRUE(std::filesystem::exists(file(1)));
    EXPECT_FALSE(std::filesystem::exists(file(2)));
    const auto gone = hugepagectl({"remove", file(0)});
    EXPECT_EQ(gone.exit_status, 0) << gone.out << gone.err;
    EXPECT_FALSE(std::filesystem::exists(file(0)));
    EXPECT_TRUE(std::filesystem::exists(file(1)));
    EXPECT_EQ(hugepagectl({"remove"}).exit_status, 0);
    expect_nothing_left();
}

TEST_F(SetupTest, LeavesThePoolBeside) {
    const auto at = [&](const char* name) {
        return std::vector<std::string>{"setup",
                                        "--size",
                                        "8MiB",
                                        "--num",
                                        "1",
                                        "--node",
                                        "0",
                                        "--page-size",
                                        "2MiB",
                                        "--path",
                                        place().parent_path() / name};
    };
    ASSERT_EQ(hugepagectl(at("pc1")).exit_status, 0);
    ASSERT_EQ(hugepagectl(at("pc2")).exit_status, 0);
    const auto one = hugepagectl({"remove", "--path", place()});
    EXPECT_EQ(one.exit_status, 0) << one.out;
    EXPECT_FALSE(std::filesystem::exists(place()));
    EXPECT_TRUE(std::filesystem::exists(place().parent_path() / "pc2/numa_0/8.0_MiB_0"));
    EXPECT_EQ(hugepagectl({"remove"}).exit_status, 0);
    expect_nothing_left();
}

// The next user must not read what the last one's sealer has left: no file is handed over with its content.
TEST_F(SetupTest, MakesFilesAnewForAnotherUser) {
    ASSERT_EQ(hugepagectl(setup({"--size", "8MiB", "--num", "1", "--user", "12345"})).exit_status, 0);
    const auto content = [&] {
        const int fd = ::open(file(0).c_str(), O_RDWR | O_CLOEXEC);
        auto* memory =
            static_cast<char*>(::mmap(nullptr, 8UL << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
        ::close(fd);
        return memory;
    };
    char* memory = content();
    ASSERT_NE(memory, MAP_FAILED);
    *memory = 'x';
    const auto again = setup({"--size", "8MiB", "--num", "1", "--user", "23456"});
    const auto held = hugepagectl(again);
    EXPECT_EQ(held.exit_status, 6) << held.out;
    EXPECT_THAT(held.err, HasSubstr("(pid " + std::to_string(::getpid()) + ")"));
    ASSERT_EQ(::munmap(memory, 8UL << 20), 0);

    const auto made = hugepagectl(again);
    EXPECT_EQ(made.exit_status, 0) << made.err;
    struct stat facts {};
    ASSERT_EQ(::stat(file(0).c_str(), &facts), 0);
    EXPECT_EQ(facts.st_uid, 23456);
    memory = content();
    ASSERT_NE(memory, MAP_FAILED);
    EXPECT_EQ(*memory, 0);
    ::munmap(memory, 8UL << 20);

    // Without --user new files belong to whom the pool belongs.
    ASSERT_EQ(hugepagectl(setup({"--size", "8MiB", "--num", "2"})).exit_status, 0);
    ASSERT_EQ(::stat(file(1).c_str(), &facts), 0);
    EXPECT_EQ(facts.st_uid, 23456);
    EXPECT_EQ(hugepagectl({"remove"}).exit_status, 0);
    expect_nothing_left();
}

TEST_F(SetupTest, MakesAWrongFileAnew) {
    ASSERT_EQ(hugepagectl(setup({"--size", "8MiB", "--num", "2"})).exit_status, 0);
    std::filesystem::remove(file(1));
    ASSERT_EQ(::close(::open(file(1).c_str(), O_CREAT | O_RDWR, 0600)), 0);
    const auto made = hugepagectl(setup({"--size", "8MiB", "--num", "2"}));
    EXPECT_EQ(made.exit_status, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr("1 on node 0 wrong"));
    EXPECT_EQ(std::filesystem::file_size(file(1)), 8U << 20);
    EXPECT_EQ(hugepagectl({"remove"}).exit_status, 0);
    expect_nothing_left();
}

// Everybody may lock the kernel's file: setup must not wait for that.
TEST_F(SetupTest, IsNotHeldUpByALockOnTheCount) {
    const int count = ::open((std::string(kCounts) + "nr_hugepages").c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_EQ(::flock(count, LOCK_EX | LOCK_NB), 0);
    const auto made = run({"timeout", "60", HUGEPAGECTL, "setup", "--size", size_to_grow(), "--num", "1",
                           "--node", "0", "--page-size", "2MiB", "--path", place()});
    ::close(count);
    EXPECT_TRUE(made.exit_status == 0 || made.exit_status == 3) << made.exit_status << made.err;
    EXPECT_EQ(hugepagectl({"remove"}).exit_status, 0);
    expect_nothing_left();
}

TEST_F(SetupTest, NeedsNoParticularUmask) {
    const mode_t before = ::umask(0777);
    const auto made = hugepagectl(setup({"--size", "8MiB", "--num", "1"}));
    ::umask(before);
    EXPECT_EQ(made.exit_status, 0) << made.err;
    for (const auto& folder :
         {place().parent_path(), place(), place() / "numa_0", std::filesystem::path(kRun)}) {
        EXPECT_EQ(std::filesystem::status(folder).permissions(), std::filesystem::perms{0755}) << folder;
    }
    EXPECT_EQ(std::filesystem::status(file(0)).permissions(), std::filesystem::perms{0600});
}

TEST_F(SetupTest, ReadsOptionsFromAFile) {
    const auto config = folder_.write("config", "size = 4MiB\nnum = 1\npath = " + place().string() + "\n");
    const auto made =
        hugepagectl({"setup", "--config", config, "--page-size", "2MiB", "--node", "0", "--size", "8MiB"});
    EXPECT_EQ(made.exit_status, 0) << made.err;
    EXPECT_TRUE(std::filesystem::exists(file(0)));
    EXPECT_FALSE(std::filesystem::exists(file(1)));
}

TEST_F(SetupTest, SaysAtADryRunWhatAShellWouldDo) {
    const auto dry = hugepagectl(setup({"--size", "8MiB", "--num", "1", "--dry-run"}));
    EXPECT_EQ(dry.exit_status, 0) << dry.err;
    EXPECT_THAT(dry.out, HasSubstr("mount -t hugetlbfs -o pagesize=2M,mode=0755,nosuid,nodev,noexec"));
    expect_nothing_left();
    ASSERT_EQ(hugepagectl(setup({"--size", "8MiB", "--num", "1"})).exit_status, 0);
    const auto dry_removal = hugepagectl({"remove", "--dry-run"});
    EXPECT_TRUE(std::filesystem::exists(file(0)));
    const auto done = run({"sh", "-ec", dry_removal.out});
    EXPECT_EQ(done.exit_status, 0) << dry_removal.out << done.err;
    EXPECT_EQ(hugepagectl({"remove"}).exit_status, 0);
    expect_nothing_left();
}

// umount would end the files that stay.
TEST_F(SetupTest, UnmountsAtADryRunOnlyWhatIsEmptyThen) {
    ASSERT_EQ(hugepagectl(setup({"--size", "8MiB", "--num", "2"})).exit_status, 0);
    const auto part = hugepagectl({"remove", "--num", "1", "--dry-run"});
    EXPECT_THAT(part.out, testing::StartsWith("rm " + file(1).string() + "\n"));
    EXPECT_THAT(part.out, testing::Not(HasSubstr("umount")));
    EXPECT_THAT(hugepagectl({"remove", file(1).string(), "--dry-run"}).out,
                testing::Not(HasSubstr("umount")));
    const int locked = ::open(file(0).c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::flock(locked, LOCK_EX | LOCK_NB), 0);
    EXPECT_THAT(hugepagectl({"remove", "--dry-run"}).out, testing::Not(HasSubstr("umount")));
    ::close(locked);
    std::ofstream(file(0).parent_path() / "other");
    const auto whole = hugepagectl({"remove", "--dry-run"});
    EXPECT_THAT(whole.out, testing::Not(HasSubstr("umount")));
    EXPECT_THAT(whole.out, testing::Not(HasSubstr("rm -r"))) << "the record still names the mount";
    std::filesystem::remove(file(0).parent_path() / "other");
}

// One that the test itself has locked, one that a child has mapped.
TEST_F(SetupTest, LeavesFilesInUseAndSaysByWhom) {
    ASSERT_EQ(hugepagectl(setup({"--size", "8MiB", "--num", "3"})).exit_status, 0);
    const int locked = ::open(file(0).c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::flock(locked, LOCK_EX | LOCK_NB), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const int fd = ::open(file(2).c_str(), O_RDWR | O_CLOEXEC);
        ::mmap(nullptr, 8UL << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        ::kill(::getpid(), SIGSTOP);
        ::_exit(0);
    }
    siginfo_t stopped{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &stopped, WSTOPPED | WNOWAIT), 0);

    const auto part = hugepagectl({"remove", "--json"});
    EXPECT_EQ(part.exit_status, 6) << part.err;
    const auto report = json_of(part);
    EXPECT_EQ(report["removed"], nlohmann::json::array({file(1).string()}));
    ASSERT_EQ(report["busy"].size(), 2);
    EXPECT_EQ(report["busy"][0]["path"], file(0).string());
    EXPECT_EQ(report["busy"][0]["holders"][0]["pid"], ::getpid());
    EXPECT_EQ(report["busy"][1]["holders"][0]["pid"], child);
    EXPECT_GT(report["busy"][1]["holders"][0]["running_since"], 0);
    const auto text = hugepagectl({"remove"});
    EXPECT_EQ(text.exit_status, 6);
    EXPECT_THAT(text.out, HasSubstr("(pid " + std::to_string(child) + ", running since "));

    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(locked);
    const auto rest = hugepagectl({"remove"});
    EXPECT_EQ(rest.exit_status, 0) << rest.out;
    expect_nothing_left();
}

TEST_F(SetupTest, RemovesUnderAPathOnlyWhatLooksLikeAPool) {
    ASSERT_EQ(hugepagectl(setup({"--size", "8MiB", "--num", "1"})).exit_status, 0);
    ASSERT_EQ(::close(::open((place() / "numa_0/.hidden").c_str(), O_CREAT | O_RDWR, 0600)), 0);
    ASSERT_EQ(::close(::open((place() / "beside").c_str(), O_CREAT | O_RDWR, 0600)), 0);
    ASSERT_EQ(::mkfifo((place() / "numa_0/fifo").c_str(), 0600), 0);
    const auto gone = hugepagectl({"remove", "--path", place()});
    EXPECT_EQ(gone.exit_status, 3) << gone.out;
    EXPECT_FALSE(std::filesystem::exists(file(0)));
    for (const char* name : {"numa_0/.hidden", "beside", "numa_0/fifo"}) {
        EXPECT_TRUE(std::filesystem::exists(std::filesystem::symlink_status(place() / name))) << name;
        std::filesystem::remove(place() / name);
    }
    EXPECT_EQ(hugepagectl({"remove"}).exit_status, 0);
    expect_nothing_left();
}

}  // namespace
}  // namespace tests
