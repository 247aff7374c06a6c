#include "shim/core/region_table.h"

#include <algorithm>

namespace hugepage {
namespace {

// The upper one goes on where the lower one ends, and is alike.
bool go_together(const Piece& lower, const Piece& upper) noexcept {
    return lower.range.end == upper.range.begin && lower.region == upper.region &&
           lower.traits == upper.traits;
}

}  // namespace

std::span<const Piece> RegionTable::pieces() const noexcept {
    return pieces_.first(count_.load(std::memory_order_relaxed));
}

// The first piece with a byte at or after the address.
std::size_t RegionTable::first_after(std::uintptr_t address) const noexcept {
    const auto known = pieces();
    const auto found =
        std::ranges::upper_bound(known, address, {}, [](const Piece& p) { return p.range.end; });
    return static_cast<std::size_t>(found - known.begin());
}

void RegionTable::set_count(std::size_t count) noexcept {
    count_.store(count, std::memory_order_release);
    if (count == 0) {
        highest_.store(0, std::memory_order_release);
        return;
    }
    const Piece& first = pieces_[0];
    const Piece& last = pieces_[count - 1];
    lowest_.store(first.range.widened_to(first.traits.page_size).begin, std::memory_order_release);
    highest_.store(last.range.widened_to(last.traits.page_size).end, std::memory_order_release);
}

void RegionTable::insert_at(std::size_t index, const Piece& piece) noexcept {
    const std::size_t count = size() + 1;
    const auto moved = pieces_.first(count).subspan(index);
    std::shift_right(moved.begin(), moved.end(), 1);
    moved.front() = piece;
    set_count(count);
}

void RegionTable::remove(std::size_t from, std::size_t to) noexcept {
    const auto moved = pieces_.first(size()).subspan(from);
    std::shift_left(moved.begin(), moved.end(), static_cast<std::ptrdiff_t>(to - from));
    set_count(size() - (to - from));
}

// No piece lies across the address afterwards. There must be room.
void RegionTable::cut(std::uintptr_t address) noexcept {
    const std::size_t i = first_after(address);
    if (i == size() || pieces_[i].range.begin >= address) {
        return;
    }
    Piece upper = pieces_[i];
    upper.range.begin = address;
    pieces_[i].range.end = address;
    insert_at(i + 1, upper);
}

std::size_t RegionTable::cuts_needed(const Range& range) const noexcept {
    const auto lies_across = [&](std::uintptr_t address) -> std::size_t {
        const std::size_t i = first_after(address);
        return i < size() && pieces_[i].range.begin < address ? 1 : 0;
    };
    return lies_across(range.begin) + lies_across(range.end);
}

// A piece goes beyond both ends: without the range it is two.
bool RegionTable::lies_inside_a_piece(const Range& range) const noexcept {
    const std::size_t i = first_after(range.begin);
    return i < size() && pieces_[i].range.begin < range.begin && range.end < pieces_[i].range.end;
}

// Pieces of these indices that a change has made alike become one again.
void RegionTable::join(std::size_t from, std::size_t to) noexcept {
    std::size_t last = from;
    const std::size_t end = std::min(to, size());
    for (std::size_t i = from + 1; i < end; ++i) {
        const Piece& piece = pieces_[i];
        Piece& before = pieces_[last];
        if (go_together(before, piece)) {
            before.range.end = piece.range.end;
        } else {
            pieces_[++last] = piece;
        }
    }
    if (last + 1 < end) {
        remove(last + 1, end);
    }
}

bool RegionTable::insert(const Range& range, const Traits& traits) noexcept {
    const Lock lock(mutex_);
    forget_locked(range);
    if (is_full(1) || !pieces_.prepare()) {
        return false;
    }
    insert_at(first_after(range.begin), {range, traits, ++regions_so_far_});
    return true;
}

Stretch RegionTable::stretch(const Range& range) const noexcept {
    const Lock lock(mutex_);
    const auto known = pieces();
    const std::size_t i = first_after(range.begin);
    if (i < known.size() && known[i].range.begin <= range.begin) {
        return {Stretch::What::piece, range.clipped_to(known[i].range), known[i].traits};
    }
    Range gap = range;
    bool is_hole = false;
    if (i < known.size()) {
        gap.end = std::min(gap.end, known[i].range.begin);
    }
    // A huge page that the piece below or above keeps mapped.
    if (i > 0) {
        const Range pages = known[i - 1].range.widened_to(known[i - 1].traits.page_size);
        if (range.begin < pages.end) {
            is_hole = true;
            gap.end = std::min(gap.end, pages.end);
        }
    }
    if (i < known.size() && !is_hole) {
        const Range pages = known[i].range.widened_to(known[i].traits.page_size);
        is_hole = pages.begin <= range.begin;
        if (!is_hole) {
            gap.end = std::min(gap.end, pages.begin);
        }
    }
    return {is_hole ? Stretch::What::hole : Stretch::What::elsewhere, gap, {}};
}

bool RegionTable::overlaps(const Range& range) const noexcept {
    const Stretch first = stretch(range);
    return first.what != Stretch::What::elsewhere || first.range.end < range.end;
}

std::optional<Range> RegionTable::allocation(std::uintptr_t begin) const noexcept {
    const Lock lock(mutex_);
    const auto known = pieces();
    std::size_t i = first_after(begin);
    if (i == known.size() || known[i].range.begin != begin || !known[i].traits.allocated ||
        (i > 0 && known[i - 1].region == known[i].region)) {
        return std::nullopt;
    }
    while (i + 1 < known.size() && known[i + 1].region == known[i].region) {
        ++i;
    }
    return Range{begin, known[i].range.end};
}

std::optional<Range> RegionTable::whole_pages(const Range& range, ByteSize page) const noexcept {
    const Range pages = range.widened_to(page);
    if (pages == range) {
        return pages;
    }
    const Lock lock(mutex_);
    const auto has_live_byte = [&](const Range& part) {
        const std::size_t i = first_after(part.begin);
        return !part.empty() && i < size() && pieces_[i].range.begin < part.end;
    };
    if (has_live_byte({pages.begin, range.begin}) || has_live_byte({range.end, pages.end})) {
        return std::nullopt;
    }
    return pages;
}

RegionTable::Taken RegionTable::take(const Range& range) noexcept {
    const Lock lock(mutex_);
    const std::size_t i = first_after(range.begin);
    if (i == size() || pieces_[i].range.begin >= range.end) {
        return {};
    }
    const Range part = range.clipped_to(pieces_[i].range);
    if (lies_inside_a_piece(part) && is_full(1)) {
        return {Taken::Outcome::full, {}, {}};
    }
    Taken taken{Taken::Outcome::taken, pieces_[i], {}};
    taken.piece.range = part;
    forget_locked(part);
    const ByteSize page = taken.piece.traits.page_size;
    taken.emptied = part.widened_to(page);
    const std::size_t above = first_after(part.begin);
    if (above > 0 && pieces_[above - 1].range.end > taken.emptied.begin) {
        taken.emptied.begin = part.narrowed_to(page).begin;
    }
    if (above < size() && pieces_[above].range.begin < taken.emptied.end) {
        taken.emptied.end = part.narrowed_to(page).end;
    }
    return taken;
}

void RegionTable::put_back(const Piece& piece) noexcept {
    const Lock lock(mutex_);
    forget_locked(piece.range);
    const std::size_t i = first_after(piece.range.begin);
    // What it was part of needs no room to have it again.
    if (i > 0 && go_together(pieces_[i - 1], piece)) {
        pieces_[i - 1].range.end = piece.range.end;
        set_count(size());
    } else if (i < size() && go_together(piece, pieces_[i])) {
        pieces_[i].range.begin = piece.range.begin;
        set_count(size());
    } else if (!is_full(1)) {
        insert_at(i, piece);
    }
    join(i == 0 ? 0 : i - 1, i + 2);
}

bool RegionTable::can_forget(const Range& range) const noexcept {
    const Lock lock(mutex_);
    return !lies_inside_a_piece(range) || !is_full(1);
}

void RegionTable::forget(const Range& range) noexcept {
    const Lock lock(mutex_);
    forget_locked(range);
}

void RegionTable::forget_locked(const Range& range) noexcept {
    const std::size_t from = first_after(range.begin);
    if (from == size() || pieces_[from].range.begin >= range.end) {
        return;
    }
    if (lies_inside_a_piece(range)) {
        if (is_full(1)) {
            pieces_[from].range.end = range.begin;
            set_count(size());
            return;
        }
        cut(range.end);
    }
    std::size_t first = from;
    if (pieces_[first].range.begin < range.begin) {
        pieces_[first].range.end = range.begin;
        ++first;
    }
    std::size_t last = first;
    while (last < size() && pieces_[last].range.end <= range.end) {
        ++last;
    }
    if (last < size()) {
        pieces_[last].range.begin = std::max(pieces_[last].range.begin, range.end);
    }
    remove(first, last);
}

bool RegionTable::change(const Range& range, FunctionRef<void(Traits& traits)> set) noexcept {
    const Lock lock(mutex_);
    if (is_full(cuts_needed(range))) {
        return false;
    }
    cut(range.begin);
    cut(range.end);
    const std::size_t from = first_after(range.begin);
    std::size_t to = from;
    for (; to < size() && pieces_[to].range.begin < range.end; ++to) {
        set(pieces_[to].traits);
    }
    join(from == 0 ? 0 : from - 1, to + 1);
    return true;
}

void RegionTable::before_fork() noexcept {
    const SignalMask before = block_signals();
    mutex_.lock();
    signals_before_fork_ = before;
}

void RegionTable::after_fork() noexcept {
    const SignalMask before = signals_before_fork_;
    mutex_.unlock();
    restore_signals(before);
}

void RegionTable::review(FunctionRef<bool(Piece& piece)> keep) noexcept {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size(); ++i) {
        if (keep(pieces_[i])) {
            pieces_[kept++] = pieces_[i];
        }
    }
    set_count(kept);
}

}  // namespace hugepage
