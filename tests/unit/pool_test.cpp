#include "shim/core/pool.h"

#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cerrno>
#include <memory>

namespace hugepage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class PoolTest : public testing::Test {
  protected:
    void scan() { ASSERT_TRUE(pool_->scan(pattern_)); }

    [[nodiscard]] std::vector<std::string> names(std::uint64_t size, int node) {
        std::vector<std::string> result;
        for (const auto& file : pool_->files_of(ByteSize{size}, NodeId{node})) {
            result.push_back(std::filesystem::path(pool_->path_of(file).view()).filename());
            EXPECT_TRUE(std::filesystem::exists(pool_->path_of(file).view()));
        }
        return result;
    }

    tests::TempDir dir_;
    FilePattern pattern_ = *FilePattern::in_folder(dir_.path().c_str());
    std::unique_ptr<Pool> pool_ = std::make_unique<Pool>();
};

TEST_F(PoolTest, GroupsFilesBySizeAndNode) {
    dir_.write("numa_0/b", "1234");
    dir_.write("numa_0/a", "1234");
    dir_.write("numa_0/c", "12");
    dir_.write("numa_1/d", "1234");
    scan();
    EXPECT_EQ(pool_->files().size(), 4U);
    EXPECT_THAT(names(4, 0), ElementsAre("a", "b"));
    EXPECT_THAT(names(4, 1), ElementsAre("d"));
    EXPECT_THAT(names(2, 0), ElementsAre("c"));
    EXPECT_THAT(names(2, 1), IsEmpty());
    EXPECT_TRUE(pool_->has_size(ByteSize{2}));
    EXPECT_FALSE(pool_->has_size(ByteSize{3}));
    EXPECT_EQ(pool_->files().front().size(), ByteSize{2});
}

TEST_F(PoolTest, LeavesOutWhatIsNoPoolFile) {
    dir_.write("numa_0/good", "1234");
    dir_.write("numa_0/.hidden", "1234");
    dir_.write("numa_0/empty", "");
    dir_.write("numa_0/folder/inner", "1234");
    dir_.write("elsewhere/file", "1234");
    std::filesystem::create_symlink(dir_.path() / "numa_0/good", dir_.path() / "numa_0/link");
    scan();
    EXPECT_THAT(names(4, 0), ElementsAre("good"));
    EXPECT_EQ(pool_->files().size(), 1U);
}

TEST_F(PoolTest, CountsTwoNamesOfOneFileInAFolderOnce) {
    const auto file = dir_.write("numa_0/one", "1234");
    std::filesystem::create_hard_link(file, dir_.path() / "numa_0/two");
    scan();
    EXPECT_EQ(pool_->files_of(ByteSize{4}, NodeId{0}).size(), 1U);
}

TEST_F(PoolTest, TakesAFileThatThePatternItselfNames) {
    dir_.write("buffer-0", "1234");
    dir_.write("buffer-1", "12");
    pattern_ = *FilePattern::parse((dir_.path() / "buffer-$NUMA_NODE_INDEX").c_str());
    scan();
    EXPECT_THAT(names(4, 0), ElementsAre("buffer-0"));
    EXPECT_THAT(names(2, 1), ElementsAre("buffer-1"));
}

TEST_F(PoolTest, HoldsAThousandFiles) {
    for (int i = 0; i < 1000; ++i) {
        dir_.write("numa_0/" + std::to_string(i), "1234");
    }
    scan();
    EXPECT_EQ(pool_->files_of(ByteSize{4}, NodeId{0}).size(), 1000U);
}

TEST_F(PoolTest, TellsEachFaultOfAFileOnce) {
    dir_.write("numa_0/a", "1234");
    scan();
    PoolFile& file = pool_->files().front();
    EXPECT_TRUE(file.first_time(Reason::insecure));
    EXPECT_FALSE(file.first_time(Reason::insecure));
    EXPECT_TRUE(file.first_time(Reason::misplaced));
}

TEST_F(PoolTest, TellsWhichNodesFolderCannotBeReadAndReadsTheOthers) {
    dir_.write("numa_0/a", "1234");
    dir_.write("numa_1/b", "1234");
    scan();
    EXPECT_FALSE(pool_->unread());
    std::filesystem::permissions(dir_.path(), std::filesystem::perms(0755));
    for (const unsigned mode : {0U, 0644U}) {  // not to be listed; to be listed, but not looked into
        std::filesystem::permissions(dir_.path() / "numa_1", std::filesystem::perms(mode));
        const uid_t before = ::geteuid();
        if (before == 0) {
            ASSERT_EQ(::seteuid(65534), 0);
        }
        const auto scanned = pool_->scan(pattern_);
        if (before == 0) {
            ASSERT_EQ(::seteuid(0), 0);
        }
        std::filesystem::permissions(dir_.path() / "numa_1", std::filesystem::perms(0755));
        ASSERT_TRUE(scanned);
        EXPECT_EQ(pool_->files().size(), 1U);
        ASSERT_TRUE(pool_->unread());
        EXPECT_EQ(pool_->unread()->node, NodeId{1});
        EXPECT_EQ(pool_->unread()->error.code, EACCES);
    }
}

TEST_F(PoolTest, SaysSoWhenTheFolderIsGone) {
    pattern_ = *FilePattern::in_folder("/nowhere/at/all");
    EXPECT_EQ(pool_->scan(pattern_).error().code, ENOENT);
}

}  // namespace
}  // namespace hugepage
