#include "shim/core/live_pool.h"

#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace hugepage {
namespace {

class LivePoolTest : public testing::Test {
  protected:
    // A change that happened some time ago, however short the test is.
    void add(const std::string& name, const std::string& content) {
        dir_.write(name, content);
        settle();
    }
    void settle() {
        ++second_;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
            if (entry.is_directory()) {
                set_time(entry.path());
            }
        }
        set_time(dir_.path());
    }
    void set_time(const std::filesystem::path& path) const {
        const timespec times[2] = {{second_, 0}, {second_, 0}};
        ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
    }
    void scan() { ASSERT_TRUE(pool_->scan(pattern_)); }
    std::size_t files() { return LivePool::View(*pool_)->files().size(); }

    tests::TempDir dir_;
    FilePattern pattern_ = *FilePattern::in_folder(dir_.path().c_str());
    time_t second_ = 1'000'000;
    std::unique_ptr<LivePool> pool_ = std::make_unique<LivePool>();
};

TEST_F(LivePoolTest, IsReadAgainWhenAFileComesOrGoes) {
    add("numa_0/a", "1234");
    scan();
    EXPECT_EQ(files(), 1U);
    EXPECT_FALSE(pool_->refresh());
    add("numa_0/b", "1234");
    EXPECT_EQ(files(), 1U);
    EXPECT_TRUE(pool_->refresh());
    EXPECT_EQ(files(), 2U);
    EXPECT_FALSE(pool_->refresh());
    std::filesystem::remove(dir_.path() / "numa_0/a");
    settle();
    EXPECT_FALSE(pool_->refresh());  // nothing new, but seen all the same
    EXPECT_EQ(files(), 1U);
}

TEST_F(LivePoolTest, IsReadAgainWhenANodesFolderComes) {
    add("numa_0/a", "1234");
    scan();
    add("numa_1/a", "1234");
    EXPECT_TRUE(pool_->refresh());
    EXPECT_EQ(LivePool::View(*pool_)->nodes_of(ByteSize{4}), *parse_node_list("0-1"));
}

TEST_F(LivePoolTest, IsReadAgainIfItsFoldersChangedAMomentAgo) {
    dir_.write("numa_0/a", "1234");
    scan();
    const auto when = std::filesystem::last_write_time(dir_.path() / "numa_0");
    dir_.write("numa_0/b", "1234");
    std::filesystem::last_write_time(dir_.path() / "numa_0", when);  // as within one tick of the clock
    EXPECT_TRUE(pool_->refresh());
}

TEST_F(LivePoolTest, TellsOfEachFilesFaultOnceForAll) {
    add("numa_0/a", "1234");
    scan();
    const auto first_time = [this] {
        return LivePool::View(*pool_)->files().front().first_time(Reason::misplaced);
    };
    EXPECT_TRUE(first_time());
    add("numa_0/b", "1234");
    EXPECT_TRUE(pool_->refresh());
    EXPECT_FALSE(first_time());
}

TEST_F(LivePoolTest, KeepsWhatItKnowsWhenTheFolderIsGone) {
    add("numa_0/a", "1234");
    scan();
    const auto moved = dir_.path().string() + ".gone";
    std::filesystem::rename(dir_.path(), moved);
    EXPECT_FALSE(pool_->refresh());
    EXPECT_EQ(files(), 1U);
    std::filesystem::rename(moved, dir_.path());
}

TEST_F(LivePoolTest, WaitsForNobody) {
    add("numa_0/a", "1234");
    scan();
    {
        const LivePool::View old(*pool_);
        add("numa_0/b", "1234");
        EXPECT_TRUE(pool_->refresh());
        EXPECT_EQ(old->files().size(), 1U);
        EXPECT_EQ(files(), 2U);
        add("numa_0/c", "1234");
        EXPECT_FALSE(pool_->refresh());  // the place is still in use
        EXPECT_EQ(old->files().size(), 1U);
    }
    EXPECT_TRUE(pool_->refresh());
    EXPECT_EQ(files(), 3U);
    // In a child, the user that never left is not there.
    const auto never_left = std::make_unique<LivePool::View>(*pool_);
    add("numa_0/d", "1234");
    EXPECT_TRUE(pool_->refresh());
    add("numa_0/e", "1234");
    EXPECT_FALSE(pool_->refresh());
    pool_->forget_users();
    EXPECT_TRUE(pool_->refresh());
}

TEST_F(LivePoolTest, ShowsEachUserOneWholeReading) {
    // Each reading finds the files of one round, and no other.
    constexpr std::size_t kFiles = 8;
    const auto name_of = [](int round, std::size_t file) {
        return "numa_0/" + std::to_string(round) + "." + std::to_string(file);
    };
    for (std::size_t file = 0; file < kFiles; ++file) {
        add(name_of(0, file), "1234");
    }
    scan();
    const auto rounds_in = [](const LivePool::View& view) {
        std::vector<std::string> rounds;
        for (const auto& file : view->files()) {
            rounds.push_back(std::filesystem::path(view->path_of(file).view()).stem());
        }
        return rounds;
    };
    std::atomic<bool> done{false};
    std::atomic<int> changes{0};
    std::atomic<int> changes_while_in_use{0};
    std::atomic<int> torn{0};
    std::vector<std::thread> users;
    for (int i = 0; i < 3; ++i) {
        users.emplace_back([&] {
            while (!done) {
                const LivePool::View view(*pool_);
                const int before = changes;
                const auto first = rounds_in(view);
                std::this_thread::yield();
                const auto second = rounds_in(view);
                changes_while_in_use += changes != before ? 1 : 0;
                const bool is_whole = first == std::vector(kFiles, first.empty() ? "" : first.front());
                torn += is_whole && second == first ? 0 : 1;
            }
        });
    }
    constexpr int kMostRounds = 2000;
    for (int round = 1; round <= kMostRounds && changes_while_in_use < 50; ++round) {
        for (std::size_t file = 0; file < kFiles; ++file) {
            dir_.write(name_of(round, file), "1234");
            std::filesystem::remove(dir_.path() / name_of(round - 1, file));
        }
        settle();
        changes += pool_->refresh() ? 1 : 0;
    }
    done = true;
    for (auto& user : users) {
        user.join();
    }
    EXPECT_EQ(torn, 0);
    EXPECT_GE(changes_while_in_use, 50);
}

}  // namespace
}  // namespace hugepage
