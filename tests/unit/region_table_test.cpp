#include "shim/core/region_table.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace hugepage {
namespace {

constexpr std::uintptr_t kPage = 0x1000;
constexpr std::uintptr_t kBase = 0x10000;

class RegionTableTest : public testing::Test {
  protected:
    void insert(std::uintptr_t begin, std::size_t pages) {
        ASSERT_TRUE(table_.insert({begin, pages * kPage, ByteSize{kPage}}));
    }
    RegionTable table_;
};

TEST_F(RegionTableTest, KnowsWhatOverlapsARegion) {
    EXPECT_FALSE(table_.overlaps(kBase, kPage));
    insert(kBase, 4);
    EXPECT_TRUE(table_.overlaps(kBase, kPage));
    EXPECT_TRUE(table_.overlaps(kBase + 3 * kPage, kPage));
    EXPECT_TRUE(table_.overlaps(kBase - kPage, 2 * kPage));
    EXPECT_TRUE(table_.overlaps(0, 1UL << 40));
    EXPECT_FALSE(table_.overlaps(kBase - kPage, kPage));
    EXPECT_FALSE(table_.overlaps(kBase + 4 * kPage, kPage));
}

TEST_F(RegionTableTest, ForgetsWholeRegionsInARange) {
    insert(kBase, 4);
    insert(kBase + 8 * kPage, 4);
    insert(kBase + 100 * kPage, 4);
    EXPECT_EQ(table_.erase(kBase - kPage, 20 * kPage), 2U);
    EXPECT_EQ(table_.size(), 1U);
    EXPECT_TRUE(table_.overlaps(kBase + 100 * kPage, kPage));
}

TEST_F(RegionTableTest, KeepsWhatRemainsOfARegion) {
    insert(kBase, 8);
    EXPECT_EQ(table_.erase(kBase, kPage), 0U);
    EXPECT_EQ(table_.erase(kBase + 7 * kPage, kPage), 0U);
    EXPECT_EQ(table_.erase(kBase + 3 * kPage, kPage), 0U);
    EXPECT_EQ(table_.size(), 2U);
    EXPECT_FALSE(table_.overlaps(kBase, kPage));
    EXPECT_TRUE(table_.overlaps(kBase + kPage, 2 * kPage));
    EXPECT_FALSE(table_.overlaps(kBase + 3 * kPage, kPage));
    EXPECT_TRUE(table_.overlaps(kBase + 4 * kPage, 3 * kPage));
    EXPECT_FALSE(table_.overlaps(kBase + 7 * kPage, kPage));
    EXPECT_EQ(table_.erase(kBase, 8 * kPage), 2U);
    EXPECT_EQ(table_.size(), 0U);
}

TEST_F(RegionTableTest, SeesARangeThatWouldSplitAPage) {
    ASSERT_TRUE(table_.insert({0x400000, 0x400000, ByteSize{0x200000}}));
    EXPECT_FALSE(table_.splits_a_page(0x400000, 0x200000));
    EXPECT_FALSE(table_.splits_a_page(0x3ff000, 0x401000));
    EXPECT_TRUE(table_.splits_a_page(0x400000, 0x1000));
    EXPECT_TRUE(table_.splits_a_page(0x401000, 0x3ff000));
}

TEST_F(RegionTableTest, SaysSoWhenItIsFull) {
    for (std::size_t i = 0; i < RegionTable::kCapacity; ++i) {
        insert(kBase + 2 * i * kPage, 1);
    }
    EXPECT_FALSE(table_.insert({0x100, kPage, ByteSize{kPage}}));
    EXPECT_EQ(table_.erase(kBase, kPage), 1U);
    EXPECT_TRUE(table_.insert({0x100, kPage, ByteSize{kPage}}));
}

TEST_F(RegionTableTest, StaysTrueWhenThreadsTakeAndGiveBackAtOnce) {
    std::vector<std::thread> threads;
    for (std::uintptr_t id = 0; id < 8; ++id) {
        threads.emplace_back([this, id] {
            const std::uintptr_t mine = (id + 1) << 32;
            for (int round = 0; round < 2000; ++round) {
                ASSERT_TRUE(table_.insert({mine, 4 * kPage, ByteSize{kPage}}));
                ASSERT_TRUE(table_.overlaps(mine + 2 * kPage, kPage));
                ASSERT_EQ(table_.erase(mine + kPage, kPage), 0U);
                ASSERT_FALSE(table_.overlaps(mine + kPage, kPage));
                ASSERT_EQ(table_.erase(mine, 4 * kPage), 2U);
                ASSERT_FALSE(table_.overlaps(mine, 4 * kPage));
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
