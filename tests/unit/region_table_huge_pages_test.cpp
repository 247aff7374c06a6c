// Regions on huge pages, of which parts go: a page is unmapped with its last live byte.

#include "tests/unit/region_table_fixture.h"

#include <algorithm>
#include <random>
#include <span>
#include <vector>

namespace hugepage {
namespace {

using RegionTableOnHugePages = RegionTableFixture;

TEST_F(RegionTableOnHugePages, UnmapsHugePagesOnlyWithTheirLastByte) {
    insert_huge(3);
    // The middle of the first to the middle of the last: just the second is empty.
    EXPECT_EQ(take_all({kBase + kHuge / 2, kBase + 5 * kHuge / 2}),
              (std::vector<Range>{{kBase + kHuge, kBase + 2 * kHuge}}));
    EXPECT_EQ(what(kBase + kHuge / 2), Kind::hole);
    EXPECT_EQ(what(kBase + kHuge), Kind::other);
    EXPECT_EQ(what(kBase + 2 * kHuge), Kind::hole);
    EXPECT_EQ(table_.segment_at({kBase + 2 * kHuge, kBase + 4 * kHuge}).range,
              (Range{kBase + 2 * kHuge, kBase + 5 * kHuge / 2}));
    // Again: there is nothing.
    EXPECT_TRUE(take_all({kBase + kHuge / 2, kBase + 5 * kHuge / 2}).empty());
    // The halves that were left, except one page.
    EXPECT_TRUE(take_all({kBase, kBase + kHuge / 2 - kPage}).empty());
    EXPECT_EQ(take_all(pages(kBase + kHuge / 2 - kPage, 1)), (std::vector<Range>{{kBase, kBase + kHuge}}));
    EXPECT_EQ(take_all({kBase, kBase + 9 * kHuge}),
              (std::vector<Range>{{kBase + 2 * kHuge, kBase + 3 * kHuge}}));
    EXPECT_EQ(table_.size(), 0U);
}

TEST_F(RegionTableOnHugePages, SeesAHoleBetweenTwoPiecesOfOneHugePage) {
    insert_huge(1);
    EXPECT_TRUE(take_all(pages(kBase + 4 * kPage, 2)).empty());
    EXPECT_EQ(table_.segment_at({kBase + 4 * kPage, kBase + kHuge}).range, pages(kBase + 4 * kPage, 2));
    EXPECT_EQ(what(kBase + 4 * kPage), Kind::hole);
    EXPECT_EQ(table_.whole_pages(pages(kBase, 4), ByteSize{kHuge}), std::nullopt);
    EXPECT_TRUE(take_all(pages(kBase, 4)).empty());
    EXPECT_EQ(table_.whole_pages({kBase + 6 * kPage, kBase + kHuge}, ByteSize{kHuge}),
              (Range{kBase, kBase + kHuge}));
}

TEST_F(RegionTableOnHugePages, LooksForOthersInTheRestOfAPageAloneAndNotInTheNextPage) {
    insert_huge(3);
    EXPECT_TRUE(take_all(pages(kBase + kHuge, 1)).empty());
    EXPECT_TRUE(take_all(pages(kBase + 2 * kHuge - kPage, 1)).empty());
    const Range second{kBase + kHuge, kBase + 2 * kHuge};
    EXPECT_EQ(table_.whole_pages({second.begin, second.end - kPage}, ByteSize{kHuge}), second);
    EXPECT_EQ(table_.whole_pages({second.begin + kPage, second.end}, ByteSize{kHuge}), second);
    EXPECT_EQ(table_.whole_pages({second.begin + 2 * kPage, second.end}, ByteSize{kHuge}), std::nullopt);
}

TEST_F(RegionTableOnHugePages, TakesBackWhatTheKernelWouldNotLetGo) {
    insert_huge(2);
    const auto taken = table_.take({kBase + kHuge, kBase + 2 * kHuge});
    ASSERT_EQ(taken.outcome, Outcome::taken);
    EXPECT_EQ(what(kBase + kHuge), Kind::other);
    table_.put_back(taken.piece);
    EXPECT_EQ(table_.size(), 1U);
    EXPECT_EQ(table_.segment_at({kBase, kBase + 4 * kHuge}).range, (Range{kBase, kBase + 2 * kHuge}));
}

// Every byte's state, kept page by page, against the table.
TEST_F(RegionTableOnHugePages, AgreesWithAPageByPageModel) {
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
            for (std::size_t huge = 0; huge < mapped.size(); ++huge) {
                const auto live = std::span(model).subspan(huge * kPerHuge, kPerHuge);
                const bool is_mapped = std::ranges::count(live, 0) < static_cast<std::ptrdiff_t>(kPerHuge);
                ASSERT_EQ(mapped[huge], is_mapped) << round << " " << step;
            }
            for (std::size_t i = 0; i < kPages; ++i) {
                const Segment segment = table_.segment_at(pages(kBase + i * kPage, 1));
                const Kind expected = model[i] != 0          ? Kind::piece
                                      : mapped[i / kPerHuge] ? Kind::hole
                                                             : Kind::other;
                ASSERT_EQ(segment.kind, expected) << round << " " << step << " " << i;
                ASSERT_EQ(segment.traits.locked, model[i] == 2) << round << " " << step << " " << i;
            }
        }
        take_all({0, 1UL << 46});
        ASSERT_EQ(table_.size(), 0U);
    }
}

}  // namespace
}  // namespace hugepage
