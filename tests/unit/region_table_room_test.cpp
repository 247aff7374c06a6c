// A table that is full, or nearly.

#include "tests/unit/region_table_fixture.h"

namespace hugepage {
namespace {

using RegionTableRoom = RegionTableFixture;

TEST_F(RegionTableRoom, SaysSoWhenItIsFullAndChangesNothing) {
    fill(RegionTable::kCapacity);
    EXPECT_FALSE(table_.insert(pages(kPage, 1), kSmall));
    EXPECT_FALSE(table_.change(pages(kBase + kPage, 1), [](Traits& traits) { traits.locked = true; }));
    EXPECT_EQ(table_.take(pages(kBase + kPage, 1)).outcome, Outcome::full);
    EXPECT_FALSE(table_.can_forget(pages(kBase + kPage, 1)));
    EXPECT_EQ(table_.segment_at(pages(kBase, 3)).range, pages(kBase, 3));
    // An end can always be taken off.
    EXPECT_TRUE(table_.can_forget(pages(kBase + kPage, 2)));
    EXPECT_EQ(take_all(pages(kBase + kPage, 2)).size(), 1U);
    EXPECT_EQ(take_all(pages(kBase, 1)).size(), 1U);
    EXPECT_TRUE(table_.insert(pages(kPage, 1), kSmall));
}

TEST_F(RegionTableRoom, TakesBackTheMiddleOfAPieceWhichLeftItFull) {
    fill(RegionTable::kCapacity - 1);
    const auto taken = table_.take(pages(kBase + kPage, 1));
    ASSERT_EQ(taken.outcome, Outcome::taken);
    ASSERT_EQ(table_.size(), RegionTable::kCapacity);
    table_.put_back(taken.piece);
    EXPECT_EQ(table_.segment_at(pages(kBase, 4)).range, pages(kBase, 3));
    EXPECT_EQ(table_.size(), RegionTable::kCapacity - 1);
}

TEST_F(RegionTableRoom, NeedsNoRoomToForgetTheEndsOfTwoPieces) {
    fill(RegionTable::kCapacity);
    const Range ends{kBase + 2 * kPage, kBase + 5 * kPage};
    EXPECT_TRUE(table_.can_forget(ends));
    table_.forget(ends);
    EXPECT_EQ(table_.size(), RegionTable::kCapacity);
    EXPECT_EQ(what(kBase + 4 * kPage), Kind::other);
    EXPECT_EQ(table_.segment_at(pages(kBase + 5 * kPage, 2)).range, pages(kBase + 5 * kPage, 2));
}

}  // namespace
}  // namespace hugepage
