// What the region table is to know, kept page by page.
//
// Three zones of addresses, each with files' pages of its own size, so that regions begin and end as the
// kernel would have them.
#pragma once

#include "shim/base/region_table.h"

#include <array>
#include <cstddef>
#include <optional>

namespace fuzzing {

using hugepage::Range;
using hugepage::RegionTable;
using hugepage::Traits;

class RegionModel {
  public:
    static constexpr std::uintptr_t kBegin = 0x1000'0000;
    static constexpr std::size_t kPagesPerZone = 48;
    static constexpr std::size_t kPages = 3 * kPagesPerZone;

    // `others` are the pieces that the table has elsewhere.
    explicit RegionModel(std::size_t others) : others_(others) {}

    // Of a file's page at this place, in pages of 4 KiB.
    static constexpr std::size_t unit(std::size_t page) {
        return std::array{1U, 8U, 16U}[page / kPagesPerZone];
    }
    static Range addresses(std::size_t from, std::size_t to) {
        return {kBegin + from * hugepage::kLeastPageBytes, kBegin + to * hugepage::kLeastPageBytes};
    }
    static std::size_t page_of(std::uintptr_t address) {
        return (address - kBegin) / hugepage::kLeastPageBytes;
    }

    [[nodiscard]] bool is_live(std::size_t page) const { return page < kPages && pages_[page].has_value(); }
    [[nodiscard]] const Traits& traits(std::size_t page) const { return pages_[page]->traits; }
    // Not live, but of a file's page that is.
    [[nodiscard]] bool is_hole(std::size_t page) const {
        const std::size_t first = page / unit(page) * unit(page);
        return !is_live(page) && has_live(first, first + unit(page));
    }
    [[nodiscard]] bool has_live(std::size_t from, std::size_t to) const {
        bool found = false;
        for (std::size_t page = from; page < to; ++page) {
            found = found || is_live(page);
        }
        return found;
    }
    // This page and the one before are one piece.
    [[nodiscard]] bool goes_on(std::size_t page) const {
        return page > 0 && is_live(page) && pages_[page] == pages_[page - 1];
    }
    [[nodiscard]] std::size_t piece_end(std::size_t page) const {
        do {
            ++page;
        } while (goes_on(page));
        return page;
    }
    [[nodiscard]] std::size_t pieces() const {
        std::size_t count = others_;
        for (std::size_t page = 0; page < kPages; ++page) {
            count += is_live(page) && !goes_on(page) ? 1U : 0U;
        }
        return count;
    }
    [[nodiscard]] bool has_room(std::size_t more) const { return pieces() + more <= RegionTable::kCapacity; }
    // A piece goes beyond both ends of the range.
    [[nodiscard]] bool is_inside_a_piece(std::size_t from, std::size_t to) const {
        return goes_on(from) && piece_end(from) > to;
    }

    void forget(std::size_t from, std::size_t to) {
        if (is_inside_a_piece(from, to) && !has_room(1)) {
            to = piece_end(from);
        }
        for (std::size_t page = from; page < to; ++page) {
            pages_[page].reset();
        }
    }
    bool insert(std::size_t from, std::size_t to, const Traits& traits) {
        forget(from, to);
        if (!has_room(1)) {
            return false;
        }
        ++regions_;
        for (std::size_t page = from; page < to; ++page) {
            pages_[page] = Page{traits, regions_};
        }
        return true;
    }
    template <class Set>
    bool change(std::size_t from, std::size_t to, Set set) {
        const std::size_t cuts = (goes_on(from) ? 1U : 0U) + (to < kPages && goes_on(to) ? 1U : 0U);
        if (!has_room(cuts)) {
            return false;
        }
        for (std::size_t page = from; page < to; ++page) {
            if (is_live(page)) {
                set(pages_[page]->traits);
            }
        }
        return true;
    }

  private:
    struct Page {
        Traits traits;
        std::size_t region = 0;

        friend bool operator==(const Page&, const Page&) = default;
    };

    std::array<std::optional<Page>, kPages> pages_{};
    std::size_t regions_ = 0;
    std::size_t others_;
};

}  // namespace fuzzing
