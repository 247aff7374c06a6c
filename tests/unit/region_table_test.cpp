#include "shim/core/region_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace hugepage {
namespace {

using What = Stretch::What;
using Outcome = RegionTable::Taken::Outcome;

constexpr std::uintptr_t kPage = 0x1000;
constexpr std::uintptr_t kHuge = 0x200000;
constexpr std::uintptr_t kBase = 0x10000000;

constexpr Traits kSmall{.page_size = ByteSize{kPage}};
constexpr Traits kOnHugePages{.page_size = ByteSize{kHuge}};

// So many pages of 4 KiB from a place.
Range pages(std::uintptr_t begin, std::size_t count) {
    return {begin, begin + count * kPage};
}

class RegionTableTest : public testing::Test {
  protected:
    void insert(std::uintptr_t begin, std::size_t count) {
        ASSERT_TRUE(table_.insert(pages(begin, count), kSmall));
    }
    // With so many pieces of three pages, each a page from the next.
    void fill(std::size_t pieces) {
        for (std::size_t i = 0; i < pieces; ++i) {
            insert(kBase + 4 * i * kPage, 3);
        }
    }
    void insert_huge(std::size_t count) {
        ASSERT_TRUE(table_.insert({kBase, kBase + count * kHuge}, kOnHugePages));
    }
    // Takes out everything in the range; the pages that the kernel is to unmap.
    std::vector<Range> take_all(const Range& range) {
        std::vector<Range> emptied;
        for (;;) {
            const auto taken = table_.take(range);
            if (taken.outcome != Outcome::taken) {
                EXPECT_EQ(taken.outcome, Outcome::none);
                return emptied;
            }
            if (!taken.emptied.empty()) {
                emptied.push_back(taken.emptied);
            }
        }
    }
    What what(std::uintptr_t address) { return table_.stretch(pages(address, 1)).what; }

    std::unique_ptr<RegionTable> owner_ = std::make_unique<RegionTable>();
    RegionTable& table_ = *owner_;
};

TEST_F(RegionTableTest, KnowsWhatWasAllocatedByItsFirstByteAlone) {
    Traits allocated = kSmall;
    allocated.allocated = true;
    insert(kBase, 4);
    ASSERT_TRUE(table_.insert(pages(kBase + 4 * kPage, 4), allocated));
    ASSERT_TRUE(table_.insert(pages(kBase + 8 * kPage, 4), allocated));
    // Cut into pieces, it is still one.
    ASSERT_TRUE(table_.change(pages(kBase + 5 * kPage, 1), [](Traits& t) { t.locked = true; }));
    EXPECT_EQ(table_.allocation(kBase), std::nullopt);
    EXPECT_EQ(table_.allocation(kBase + 3 * kPage), std::nullopt);
    EXPECT_EQ(table_.allocation(kBase + 4 * kPage), pages(kBase + 4 * kPage, 4));
    EXPECT_EQ(table_.allocation(kBase + 5 * kPage), std::nullopt);
    EXPECT_EQ(table_.allocation(kBase + 4 * kPage + 16), std::nullopt);
    EXPECT_EQ(table_.allocation(kBase + 8 * kPage), pages(kBase + 8 * kPage, 4));
    EXPECT_EQ(table_.allocation(kBase + 12 * kPage), std::nullopt);
}

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
    EXPECT_EQ(what(kBase), What::elsewhere);
    EXPECT_EQ(table_.stretch(pages(kBase + kPage, 7)).range, pages(kBase + kPage, 2));
    EXPECT_EQ(what(kBase + 3 * kPage), What::elsewhere);
    EXPECT_EQ(table_.stretch(pages(kBase + 4 * kPage, 4)).range, pages(kBase + 4 * kPage, 3));
    EXPECT_EQ(take_all(pages(kBase, 8)).size(), 2U);
    EXPECT_EQ(table_.size(), 0U);
    EXPECT_FALSE(table_.may_concern(0, SIZE_MAX));
}

TEST_F(RegionTableTest, UnmapsHugePagesOnlyWithTheirLastByte) {
    insert_huge(3);
    // The middle of the first to the middle of the last: just the second is empty.
    EXPECT_EQ(take_all({kBase + kHuge / 2, kBase + 5 * kHuge / 2}),
              (std::vector<Range>{{kBase + kHuge, kBase + 2 * kHuge}}));
    EXPECT_EQ(what(kBase + kHuge / 2), What::hole);
    EXPECT_EQ(what(kBase + kHuge), What::elsewhere);
    EXPECT_EQ(what(kBase + 2 * kHuge), What::hole);
    EXPECT_EQ(table_.stretch({kBase + 2 * kHuge, kBase + 4 * kHuge}).range,
              (Range{kBase + 2 * kHuge, kBase + 5 * kHuge / 2}));
    // Again: there is nothing.
    EXPECT_TRUE(take_all({kBase + kHuge / 2, kBase + 5 * kHuge / 2}).empty());
    // The halves that were left, but for one page.
    EXPECT_TRUE(take_all({kBase, kBase + kHuge / 2 - kPage}).empty());
    EXPECT_EQ(take_all(pages(kBase + kHuge / 2 - kPage, 1)), (std::vector<Range>{{kBase, kBase + kHuge}}));
    EXPECT_EQ(take_all({kBase, kBase + 9 * kHuge}),
              (std::vector<Range>{{kBase + 2 * kHuge, kBase + 3 * kHuge}}));
    EXPECT_EQ(table_.size(), 0U);
}

TEST_F(RegionTableTest, SeesAHoleBetweenTwoPiecesOfOneHugePage) {
    insert_huge(1);
    EXPECT_TRUE(take_all(pages(kBase + 4 * kPage, 2)).empty());
    EXPECT_EQ(table_.stretch({kBase + 4 * kPage, kBase + kHuge}).range, pages(kBase + 4 * kPage, 2));
    EXPECT_EQ(what(kBase + 4 * kPage), What::hole);
    EXPECT_EQ(table_.whole_pages(pages(kBase, 4), ByteSize{kHuge}), std::nullopt);
    EXPECT_TRUE(take_all(pages(kBase, 4)).empty());
    EXPECT_EQ(table_.whole_pages({kBase + 6 * kPage, kBase + kHuge}, ByteSize{kHuge}),
              (Range{kBase, kBase + kHuge}));
}

TEST_F(RegionTableTest, LooksForOthersInTheRestOfAPageAloneAndNotInTheNextPage) {
    insert_huge(3);
    EXPECT_TRUE(take_all(pages(kBase + kHuge, 1)).empty());
    EXPECT_TRUE(take_all(pages(kBase + 2 * kHuge - kPage, 1)).empty());
    const Range second{kBase + kHuge, kBase + 2 * kHuge};
    EXPECT_EQ(table_.whole_pages({second.begin, second.end - kPage}, ByteSize{kHuge}), second);
    EXPECT_EQ(table_.whole_pages({second.begin + kPage, second.end}, ByteSize{kHuge}), second);
    EXPECT_EQ(table_.whole_pages({second.begin + 2 * kPage, second.end}, ByteSize{kHuge}), std::nullopt);
}

TEST_F(RegionTableTest, TakesBackWhatTheKernelWouldNotLetGo) {
    insert_huge(2);
    const auto taken = table_.take({kBase + kHuge, kBase + 2 * kHuge});
    ASSERT_EQ(taken.outcome, Outcome::taken);
    EXPECT_EQ(what(kBase + kHuge), What::elsewhere);
    table_.put_back(taken.piece);
    EXPECT_EQ(table_.size(), 1U);
    EXPECT_EQ(table_.stretch({kBase, kBase + 4 * kHuge}).range, (Range{kBase, kBase + 2 * kHuge}));
}

TEST_F(RegionTableTest, RemembersWhatIsSaidOfAPartAndJoinsWhatIsAlikeAgain) {
    insert(kBase, 8);
    const auto lock = [](Traits& traits) { traits.locked = true; };
    const auto unlock = [](Traits& traits) { traits.locked = false; };
    EXPECT_TRUE(table_.change(pages(kBase + 2 * kPage, 2), lock));
    EXPECT_TRUE(table_.change(pages(kBase + 4 * kPage, 1), lock));
    EXPECT_EQ(table_.size(), 3U);
    EXPECT_TRUE(table_.stretch(pages(kBase + 2 * kPage, 1)).traits.locked);
    EXPECT_EQ(table_.stretch(pages(kBase + 2 * kPage, 9)).range, pages(kBase + 2 * kPage, 3));
    EXPECT_FALSE(table_.stretch(pages(kBase + 5 * kPage, 1)).traits.locked);
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
    EXPECT_EQ(table_.stretch(pages(kBase, 8)).range, pages(kBase, 2));
    table_.forget(pages(kBase + kPage, 6));
    EXPECT_EQ(table_.size(), 2U);
    EXPECT_EQ(what(kBase + 6 * kPage), What::elsewhere);
    EXPECT_EQ(what(kBase + 7 * kPage), What::piece);
}

TEST_F(RegionTableTest, SaysSoWhenItIsFullAndChangesNothing) {
    fill(RegionTable::kCapacity);
    EXPECT_FALSE(table_.insert(pages(kPage, 1), kSmall));
    EXPECT_FALSE(table_.change(pages(kBase + kPage, 1), [](Traits& traits) { traits.locked = true; }));
    EXPECT_EQ(table_.take(pages(kBase + kPage, 1)).outcome, Outcome::full);
    EXPECT_FALSE(table_.can_forget(pages(kBase + kPage, 1)));
    EXPECT_EQ(table_.stretch(pages(kBase, 3)).range, pages(kBase, 3));
    // An end can always be taken off.
    EXPECT_TRUE(table_.can_forget(pages(kBase + kPage, 2)));
    EXPECT_EQ(take_all(pages(kBase + kPage, 2)).size(), 1U);
    EXPECT_EQ(take_all(pages(kBase, 1)).size(), 1U);
    EXPECT_TRUE(table_.insert(pages(kPage, 1), kSmall));
}

TEST_F(RegionTableTest, TakesBackTheMiddleOfAPieceWhichLeftItFull) {
    fill(RegionTable::kCapacity - 1);
    const auto taken = table_.take(pages(kBase + kPage, 1));
    ASSERT_EQ(taken.outcome, Outcome::taken);
    ASSERT_EQ(table_.size(), RegionTable::kCapacity);
    table_.put_back(taken.piece);
    EXPECT_EQ(table_.stretch(pages(kBase, 4)).range, pages(kBase, 3));
    EXPECT_EQ(table_.size(), RegionTable::kCapacity - 1);
}

TEST_F(RegionTableTest, NeedsNoRoomToForgetTheEndsOfTwoPieces) {
    fill(RegionTable::kCapacity);
    const Range ends{kBase + 2 * kPage, kBase + 5 * kPage};
    EXPECT_TRUE(table_.can_forget(ends));
    table_.forget(ends);
    EXPECT_EQ(table_.size(), RegionTable::kCapacity);
    EXPECT_EQ(what(kBase + 4 * kPage), What::elsewhere);
    EXPECT_EQ(table_.stretch(pages(kBase + 5 * kPage, 2)).range, pages(kBase + 5 * kPage, 2));
}

TEST_F(RegionTableTest, LetsAForkingThreadReviewEveryPiece) {
    insert(kBase, 2);
    insert(kBase + 8 * kPage, 2);
    table_.before_fork();
    table_.review([](Piece& piece) {
        piece.traits.inherited = true;
        return piece.range.begin != kBase;
    });
    table_.after_fork();
    EXPECT_EQ(what(kBase), What::elsewhere);
    EXPECT_TRUE(table_.stretch(pages(kBase + 8 * kPage, 1)).traits.inherited);
    EXPECT_FALSE(table_.may_concern(kBase, 2 * kPage));
}

// Every byte's state, kept page by page, against the table.
TEST_F(RegionTableTest, AgreesWithAPageByPageModel) {
    constexpr std::size_t kPages = 6 * kHuge / kPage;
    constexpr std::size_t kPerHuge = kHuge / kPage;
    std::mt19937_64 random(20240611);
    for (int round = 0; round < 4; ++round) {
        insert_huge(6);
        std::vector<int> model(kPages, 1);  // 0: gone, 1: live, 2: live and locked
        std::vector<bool> mapped(6, true);
        for (int step = 0; step < 60; ++step) {
            const std::size_t at = random() % kPages;
            const std::size_t count = 1 + random() % std::min<std::size_t>(kPages - at, 700);
            const Range range = pages(kBase + at * kPage, count);
            if (random() % 2 == 0) {
                for (const Range& emptied : take_all(range)) {
                    for (auto huge = (emptied.begin - kBase) / kHuge; huge < (emptied.end - kBase) / kHuge;
                         ++huge) {
                        ASSERT_TRUE(mapped[huge]);
                        mapped[huge] = false;
                    }
                }
                std::fill_n(model.begin() + static_cast<std::ptrdiff_t>(at), count, 0);
            } else {
                const bool locked = random() % 2 == 0;
                ASSERT_TRUE(table_.change(range, [&](Traits& traits) { traits.locked = locked; }));
                for (std::size_t i = at; i < at + count; ++i) {
                    model[i] = model[i] == 0 ? 0 : locked ? 2 : 1;
                }
            }
            for (std::size_t i = 0; i < kPages; ++i) {
                const auto huge = model.begin() + static_cast<std::ptrdiff_t>(i / kPerHuge * kPerHuge);
                const bool is_mapped = std::any_of(huge, huge + kPerHuge, [](int live) { return live != 0; });
                ASSERT_EQ(mapped[i / kPerHuge], is_mapped) << round << " " << step;
                const Stretch stretch = table_.stretch(pages(kBase + i * kPage, 1));
                const What expected = model[i] != 0 ? What::piece : is_mapped ? What::hole : What::elsewhere;
                ASSERT_EQ(stretch.what, expected) << round << " " << step << " " << i;
                ASSERT_EQ(stretch.traits.locked, model[i] == 2) << round << " " << step << " " << i;
            }
        }
        take_all({0, 1UL << 46});
        ASSERT_EQ(table_.size(), 0U);
    }
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
