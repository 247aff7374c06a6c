// What the table knows of regions and their parts.

#include "tests/unit/region_table_fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#include <thread>
#include <vector>

namespace hugepage {
namespace {

using RegionTableTest = RegionTableFixture;

TEST_F(RegionTableTest, KnowsWhatOverlapsARegion) {
    EXPECT_FALSE(table_.overlaps(pages(kBase, 1)));
    EXPECT_FALSE(table_.may_concern(0, SIZE_MAX));
    insert(kBase, 4);
    EXPECT_TRUE(table_.overlaps(pages(kBase, 1)));
    EXPECT_TRUE(table_.overlaps(pages(kBase + 3 * kPage, 1)));
    EXPECT_TRUE(table_.overlaps(pages(kBase - kPage, 2)));
    EXPECT_TRUE(table_.overlaps({0, 1UL << 40}));
    EXPECT_FALSE(table_.overlaps(pages(kBase - kPage, 1)));
    EXPECT_FALSE(table_.overlaps(pages(kBase + 4 * kPage, 1)));
    EXPECT_TRUE(table_.may_concern(kBase, 1));
    EXPECT_FALSE(table_.may_concern(kBase - kPage, kPage));
    EXPECT_FALSE(table_.may_concern(kBase + 4 * kPage, kPage));
}

TEST_F(RegionTableTest, TakesOutWholeRegionsOneByOne) {
    insert(kBase, 4);
    insert(kBase + 8 * kPage, 4);
    insert(kBase + 100 * kPage, 4);
    const std::vector<Range> expected = {pages(kBase, 4), pages(kBase + 8 * kPage, 4)};
    EXPECT_EQ(take_all(pages(kBase - kPage, 20)), expected);
    EXPECT_EQ(table_.size(), 1U);
    EXPECT_TRUE(table_.overlaps(pages(kBase + 100 * kPage, 1)));
}

TEST_F(RegionTableTest, KeepsWhatRemainsOfARegion) {
    insert(kBase, 8);
    for (const std::uintptr_t page : {0U, 7U, 3U}) {
        EXPECT_EQ(take_all(pages(kBase + page * kPage, 1)).size(), 1U);
    }
    EXPECT_EQ(table_.size(), 2U);
    EXPECT_EQ(what(kBase), Kind::other);
    EXPECT_EQ(table_.segment_at(pages(kBase + kPage, 7)).range, pages(kBase + kPage, 2));
    EXPECT_EQ(what(kBase + 3 * kPage), Kind::other);
    EXPECT_EQ(table_.segment_at(pages(kBase + 4 * kPage, 4)).range, pages(kBase + 4 * kPage, 3));
    EXPECT_EQ(take_all(pages(kBase, 8)).size(), 2U);
    EXPECT_EQ(table_.size(), 0U);
    EXPECT_FALSE(table_.may_concern(0, SIZE_MAX));
}

TEST_F(RegionTableTest, RemembersWhatIsSaidOfAPartAndJoinsWhatIsAlikeAgain) {
    insert(kBase, 8);
    const auto lock = [](Traits& traits) { traits.locked = true; };
    const auto unlock = [](Traits& traits) { traits.locked = false; };
    EXPECT_TRUE(table_.change(pages(kBase + 2 * kPage, 2), lock));
    EXPECT_TRUE(table_.change(pages(kBase + 4 * kPage, 1), lock));
    EXPECT_EQ(table_.size(), 3U);
    EXPECT_TRUE(table_.segment_at(pages(kBase + 2 * kPage, 1)).traits.locked);
    EXPECT_EQ(table_.segment_at(pages(kBase + 2 * kPage, 9)).range, pages(kBase + 2 * kPage, 3));
    EXPECT_FALSE(table_.segment_at(pages(kBase + 5 * kPage, 1)).traits.locked);
    EXPECT_TRUE(table_.change({0, UINTPTR_MAX}, unlock));
    EXPECT_EQ(table_.size(), 1U);
}

TEST_F(RegionTableTest, KeepsTwoRegionsSideBySideApart) {
    insert(kBase, 4);
    insert(kBase + 4 * kPage, 4);
    EXPECT_TRUE(table_.change({0, UINTPTR_MAX}, [](Traits&) {}));
    EXPECT_EQ(table_.size(), 2U);
}

TEST_F(RegionTableTest, BelievesTheKernelThatAnAddressIsNew) {
    insert(kBase, 8);
    insert(kBase + 2 * kPage, 2);
    EXPECT_EQ(table_.size(), 3U);
    EXPECT_EQ(table_.segment_at(pages(kBase, 8)).range, pages(kBase, 2));
    table_.forget(pages(kBase + kPage, 6));
    EXPECT_EQ(table_.size(), 2U);
    EXPECT_EQ(what(kBase + 6 * kPage), Kind::other);
    EXPECT_EQ(what(kBase + 7 * kPage), Kind::piece);
}

// Another thread is in the midst of a change, with the lock.
TEST_F(RegionTableTest, IsEmptyAndUnlockedInAChild) {
    insert(kBase, 4);
    pid_t child = -1;
    ASSERT_TRUE(table_.change({0, UINTPTR_MAX}, [&](Traits&) {
        child = ::fork();
        if (child == 0) {
            const bool forgot = table_.size() == 0 && what(kBase) == Kind::other;
            ::_exit(forgot && table_.insert(pages(kBase, 2), kSmall) && table_.size() == 1 ? 0 : 1);
        }
    }));
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(table_.size(), 1U);
}

TEST_F(RegionTableTest, StaysTrueWhenThreadsTakeAndGiveBackAtOnce) {
    std::vector<std::thread> threads;
    for (std::uintptr_t id = 0; id < 8; ++id) {
        threads.emplace_back([this, id] {
            const std::uintptr_t mine = (id + 1) << 32;
            for (int round = 0; round < 2000; ++round) {
                ASSERT_TRUE(table_.insert(pages(mine, 4), kSmall));
                ASSERT_TRUE(table_.may_concern(mine + 2 * kPage, kPage));
                ASSERT_TRUE(table_.overlaps(pages(mine + 2 * kPage, 1)));
                ASSERT_EQ(take_all(pages(mine + kPage, 1)).size(), 1U);
                ASSERT_FALSE(table_.overlaps(pages(mine + kPage, 1)));
                ASSERT_EQ(take_all(pages(mine, 4)).size(), 2U);
                ASSERT_FALSE(table_.overlaps(pages(mine, 4)));
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(table_.size(), 0U);
}

}  // namespace
}  // namespace hugepage
