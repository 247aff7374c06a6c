#include "shim/request/lease.h"

#include "tests/support/lease_of.h"
#include "tests/support/pool_fixture.h"

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hugepage {
namespace {

constexpr ByteSize kSize{64UL << 10};

class LeaseTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!pool_.missing().empty()) {
            GTEST_SKIP() << pool_.missing();
        }
        file_ = pool_.add("file", kSize.bytes);
    }

    [[nodiscard]] Reason reason() const {
        const auto lease = tests::lease_of(file_.c_str(), kSize);
        EXPECT_FALSE(lease);
        return lease ? Reason::no_file_for_size : lease.error().reason;
    }

    tests::Pool pool_{tests::kTmpfs};
    std::filesystem::path file_;
};

TEST_F(LeaseTest, ExcludesASecondLeaseInTheSameProcess) {
    const auto first = tests::lease_of(file_.c_str(), kSize);
    ASSERT_TRUE(first);
    EXPECT_EQ(reason(), Reason::all_leased);
}

TEST_F(LeaseTest, EndsWithItsDescriptorWhenNothingIsMapped) {
    { const auto lease = tests::lease_of(file_.c_str(), kSize); }
    EXPECT_TRUE(tests::lease_of(file_.c_str(), kSize));
}

TEST_F(LeaseTest, LivesOnInTheMappingAndEndsWithItsLastByte) {
    void* memory = MAP_FAILED;
    {
        const auto lease = tests::lease_of(file_.c_str(), kSize);
        memory = ::mmap(nullptr, kSize.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, lease.value().get(), 0);
        ASSERT_NE(memory, MAP_FAILED);
    }
    EXPECT_EQ(reason(), Reason::all_leased);
    ASSERT_EQ(::munmap(memory, kSize.bytes - 4096), 0);
    EXPECT_EQ(reason(), Reason::all_leased);
    ASSERT_EQ(::munmap(static_cast<char*>(memory) + kSize.bytes - 4096, 4096), 0);
    EXPECT_TRUE(tests::lease_of(file_.c_str(), kSize));
}

TEST_F(LeaseTest, RefusesAFileThatWasRemovedAfterItWasOpened) {
    const auto own = tests::opened(file_.c_str(), kSize);
    ASSERT_TRUE(own);
    std::filesystem::remove(file_);
    const auto leased = lease(own.value(), kSize);
    ASSERT_FALSE(leased);
    EXPECT_EQ(leased.error().reason, Reason::no_file_for_size);
}

TEST_F(LeaseTest, IsNotDisturbedByALookAtTheFile) {
    ASSERT_TRUE(inspect(file_.c_str(), kSize, ::geteuid()));
    const auto lease = tests::lease_of(file_.c_str(), kSize);
    ASSERT_TRUE(lease);
    EXPECT_TRUE(inspect(file_.c_str(), kSize, ::geteuid()));
    EXPECT_EQ(reason(), Reason::all_leased);
}

TEST_F(LeaseTest, LooksAtAFileForAnotherUser) {
    constexpr uid_t kSomebody = 12345;
    if (::chown(file_.c_str(), kSomebody, 0) != 0) {
        GTEST_SKIP() << "needs root";
    }
    ASSERT_EQ(::chown(file_.parent_path().c_str(), kSomebody, 0), 0);
    EXPECT_TRUE(inspect(file_.c_str(), kSize, kSomebody));
    const auto refused = inspect(file_.c_str(), kSize, kSomebody + 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::insecure);
}

TEST_F(LeaseTest, ExcludesALeaseByAnotherNameOfTheFile) {
    const auto other = file_.string() + "-too";
    std::filesystem::create_hard_link(file_, other);
    const auto lease = tests::lease_of(other.c_str(), kSize);
    ASSERT_TRUE(lease);
    EXPECT_EQ(reason(), Reason::all_leased);
}

TEST_F(LeaseTest, RefusesALink) {
    std::filesystem::rename(file_, file_.string() + "-moved");
    std::filesystem::create_symlink(file_.string() + "-moved", file_);
    EXPECT_EQ(reason(), Reason::insecure);
}

TEST_F(LeaseTest, RefusesWhatIsNoFile) {
    std::filesystem::remove(file_);
    EXPECT_EQ(reason(), Reason::no_file_for_size);
    ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
    EXPECT_EQ(reason(), Reason::no_file_for_size);
    std::filesystem::remove(file_);
    std::filesystem::create_directory(file_);
    EXPECT_EQ(reason(), Reason::no_file_for_size);
}

TEST_F(LeaseTest, RefusesAFileInAFolderThatIsALink) {
    const auto folder = file_.parent_path();
    std::filesystem::rename(folder, folder.string() + "-moved");
    std::filesystem::create_directory_symlink(folder.string() + "-moved", folder);
    EXPECT_EQ(reason(), Reason::insecure);
}

TEST_F(LeaseTest, RefusesAFileThatOthersMayOpen) {
    for (const mode_t mode : {0601U, 0602U, 0604U}) {
        ASSERT_EQ(::chmod(file_.c_str(), mode), 0);
        EXPECT_EQ(reason(), Reason::insecure);
    }
    ASSERT_EQ(::chmod(file_.c_str(), 0660), 0);
    EXPECT_TRUE(tests::lease_of(file_.c_str(), kSize));
}

TEST_F(LeaseTest, RefusesAFileOfAnotherUser) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, to give a file to somebody else";
    }
    ASSERT_EQ(::chown(file_.c_str(), 12345, 0), 0);
    EXPECT_EQ(reason(), Reason::insecure);
}

TEST_F(LeaseTest, RefusesAFileInAFolderWhereOthersMayReplaceIt) {
    const auto folder = file_.parent_path();
    for (const mode_t mode : {0702U, 01777U}) {
        ASSERT_EQ(::chmod(folder.c_str(), mode), 0);
        EXPECT_EQ(reason(), Reason::insecure);
    }
    ASSERT_EQ(::chmod(folder.c_str(), 0770), 0);
    EXPECT_TRUE(tests::lease_of(file_.c_str(), kSize));
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, to give a folder to somebody else";
    }
    ASSERT_EQ(::chown(folder.c_str(), 12345, 0), 0);
    EXPECT_EQ(reason(), Reason::insecure);
}

TEST_F(LeaseTest, FindsTheFolderOfAnyPath) {
    EXPECT_EQ(tests::lease_of("no-such-file", kSize).error().reason, Reason::no_file_for_size);
    EXPECT_EQ(tests::lease_of("/no-such-file", kSize).error().reason, Reason::no_file_for_size);
    EXPECT_EQ(tests::lease_of("/nowhere/at/all", kSize).error().reason, Reason::no_file_for_size);
}

TEST_F(LeaseTest, RefusesAFileOfAnotherSize) {
    ASSERT_EQ(::truncate(file_.c_str(), 4096), 0);
    EXPECT_EQ(reason(), Reason::no_file_for_size);
}

TEST_F(LeaseTest, RefusesAFileWithHoles) {
    file_ = pool_.add_sparse("sparse", kSize.bytes);
    EXPECT_EQ(reason(), Reason::not_populated);
}

TEST_F(LeaseTest, RefusesASizeThatIsNoMultipleOfThePage) {
    file_ = pool_.add("odd", 4096);
    ASSERT_EQ(::truncate(file_.c_str(), 5000), 0);
    EXPECT_EQ(tests::lease_of(file_.c_str(), ByteSize{5000}).error().reason, Reason::map_failed);
}

TEST_F(LeaseTest, RefusesAFileOnADisk) {
    // The test's own program is on a disk, if anything is: /tmp may well be a tmpfs.
    const auto self = std::filesystem::read_symlink("/proc/self/exe");
    const tests::TempDir beside(self.parent_path());
    file_ = beside.write("file", std::string(kSize.bytes, 'x'));
    ASSERT_EQ(::chmod(file_.c_str(), 0600), 0);
    const auto fd = Fd::open(file_.c_str(), O_RDONLY);
    if (file_system_of(fd.value().get()).value().kind != FileSystem::Kind::other) {
        GTEST_SKIP() << "needs a build folder on a disk";
    }
    EXPECT_EQ(reason(), Reason::not_hugetlbfs);
}

TEST(FileSystem, IsToldByKind) {
    const tests::Pool pool(tests::kTmpfs);
    if (!pool.missing().empty()) {
        GTEST_SKIP() << pool.missing();
    }
    const auto shared = Fd::open(pool.add("f", 4096).c_str(), O_RDONLY);
    EXPECT_EQ(file_system_of(shared.value().get()).value().kind, FileSystem::Kind::tmpfs);
    EXPECT_EQ(file_system_of(shared.value().get()).value().page_size, ByteSize{4096});
    const auto proc = Fd::open("/proc/self/maps", O_RDONLY);
    EXPECT_EQ(file_system_of(proc.value().get()).value().kind, FileSystem::Kind::other);
    EXPECT_EQ(file_system_of(-1).error().code, EBADF);
}

}  // namespace
}  // namespace hugepage
