// A region table, and what the tests of it have in common: addresses, and pieces on pages of both kinds.
#pragma once

#include "shim/base/region_table.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace hugepage {

inline constexpr std::uintptr_t kPage = 0x1000;
inline constexpr std::uintptr_t kHuge = 0x200000;
inline constexpr std::uintptr_t kBase = 0x10000000;

inline constexpr Traits kSmall{.page_size = ByteSize{kPage}};
inline constexpr Traits kOnHugePages{.page_size = ByteSize{kHuge}};

// So many pages of 4 KiB from a place.
inline Range pages(std::uintptr_t begin, std::size_t count) {
    return {begin, begin + count * kPage};
}

class RegionTableFixture : public testing::Test {
  protected:
    using Kind = Segment::Kind;
    using Outcome = RegionTable::Taken::Outcome;

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
    Kind what(std::uintptr_t address) { return table_.segment_at(pages(address, 1)).kind; }

    std::unique_ptr<RegionTable> owner_ = std::make_unique<RegionTable>();
    RegionTable& table_ = *owner_;
};

}  // namespace hugepage
