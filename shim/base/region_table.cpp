#include "shim/base/region_table.h"

#include "shim/base/sys.h"

#include <sys/mman.h>

#include <algorithm>

namespace hugepage {
namespace {

// The upper one goes on where the lower one ends, and is alike.
bool go_together(const Piece& lower, const Piece& upper) noexcept {
    return lower.range.end == upper.range.begin && lower.region == upper.region &&
           lower.traits == upper.traits;
}

// Zeroed, private; at or somewhat below the address if nothing is there, else anywhere. Null if there is
// none.
void* memory_at(std::uintptr_t address, std::size_t bytes) noexcept {
    constexpr int kPlaces = 8;
    for (int i = 0; i <= kPlaces; ++i, address -= bytes) {
        const int fixed = i < kPlaces ? MAP_FIXED_NOREPLACE : 0;
        const long memory = sys::call(SYS_mmap, address, bytes, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0);
        if (memory != -1) {
            return reinterpret_cast<void*>(memory);
        }
    }
    return nullptr;
}

}  // namespace

Mutex* RegionTable::mutex() const noexcept {
    Wiped* const wiped = wiped_.load(std::memory_order_acquire);
    return wiped == nullptr ? nullptr : &wiped->mutex;
}

// The first of several threads makes it; a page is memory once it is written to.
bool RegionTable::prepare() noexcept {
    if (wiped_.load(std::memory_order_acquire) != nullptr) {
        return true;
    }
    // Far below all that the kernel chooses addresses for. Elsewhere this might be at some that the program
    // has just left, and means to use again.
    constexpr std::uintptr_t kFar = 1UL << 40;
    const auto place = (reinterpret_cast<std::uintptr_t>(this) & ~(page_bytes() - 1)) - kFar;
    const Range memory = Range{0, sizeof(Wiped)}.widened_to(ByteSize{page_bytes()});
    auto* const fresh = static_cast<Wiped*>(memory_at(place, memory.length()));
    if (fresh == nullptr) {
        return false;
    }
    Wiped* nobodys = nullptr;
    const bool is_wiped = sys::call(SYS_madvise, fresh, memory.length(), MADV_WIPEONFORK) == 0;
    if (!is_wiped || !wiped_.compare_exchange_strong(nobodys, fresh, std::memory_order_acq_rel)) {
        sys::call(SYS_munmap, fresh, memory.length());
    }
    return is_wiped;
}

Mutex* RegionTable::leasing() noexcept {
    return prepare() ? &wiped_.load(std::memory_order_acquire)->leasing : nullptr;
}

std::span<Piece> RegionTable::pieces() const noexcept {
    Wiped* const wiped = wiped_.load(std::memory_order_relaxed);
    return wiped == nullptr ? std::span<Piece>() : std::span(wiped->pieces).first(wiped->count);
}

std::size_t RegionTable::size() const noexcept {
    const Held held(mutex());
    return pieces().size();
}

// The first piece with a byte at or after the address.
std::size_t RegionTable::first_after(std::uintptr_t address) const noexcept {
    const auto known = pieces();
    const auto found =
        std::ranges::upper_bound(known, address, {}, [](const Piece& p) { return p.range.end; });
    return static_cast<std::size_t>(found - known.begin());
}

void RegionTable::set_count(std::size_t count) noexcept {
    wiped_.load(std::memory_order_relaxed)->count = count;
    if (count > 0) {
        lowest_.store(pieces().front().pages().begin, std::memory_order_release);
    }
    highest_.store(count > 0 ? pieces().back().pages().end : 0, std::memory_order_release);
}

void RegionTable::insert_at(std::size_t index, const Piece& piece) noexcept {
    const std::size_t count = pieces().size() + 1;
    Wiped& wiped = *wiped_.load(std::memory_order_relaxed);
    const auto moved = std::span(wiped.pieces).first(count).subspan(index);
    std::shift_right(moved.begin(), moved.end(), 1);
    moved.front() = piece;
    set_count(count);
}

void RegionTable::remove(std::size_t from, std::size_t to) noexcept {
    if (from == to) {
        return;
    }
    const auto moved = pieces().subspan(from);
    std::shift_left(moved.begin(), moved.end(), static_cast<std::ptrdiff_t>(to - from));
    set_count(pieces().size() - (to - from));
}

// No piece lies across the address afterwards; the first one behind it is returned.
std::size_t RegionTable::cut(std::uintptr_t address) noexcept {
    const std::size_t i = first_after(address);
    if (i == pieces().size() || pieces()[i].range.begin >= address) {
        return i;
    }
    Piece upper = pieces()[i];
    upper.range.begin = address;
    pieces()[i].range.end = address;
    insert_at(i + 1, upper);
    return i + 1;
}

bool RegionTable::has_live_byte(const Range& range) const noexcept {
    const std::size_t i = first_after(range.begin);
    return !range.empty() && i < pieces().size() && pieces()[i].range.begin < range.end;
}

// Without the range, a piece that goes beyond both of its ends is two.
bool RegionTable::can_forget_locked(const Range& range) const noexcept {
    const std::size_t i = first_after(range.begin);
    const bool is_inside =
        i < pieces().size() && pieces()[i].range.begin < range.begin && range.end < pieces()[i].range.end;
    return !is_inside || !is_full();
}

// Pieces from the one before `from` to `to` that are alike become one again.
void RegionTable::join(std::size_t from, std::size_t to) noexcept {
    std::size_t last = from == 0 ? 0 : from - 1;
    const std::size_t end = std::min(to + 1, pieces().size());
    for (std::size_t i = last + 1; i < end; ++i) {
        const Piece& piece = pieces()[i];
        Piece& before = pieces()[last];
        if (go_together(before, piece)) {
            before.range.end = piece.range.end;
        } else {
            pieces()[++last] = piece;
        }
    }
    remove(std::min(last + 1, end), end);
}

bool RegionTable::insert(const Range& range, const Traits& traits) noexcept {
    if (!prepare()) {
        return false;
    }
    const Held held(mutex());
    forget_locked(range);
    if (is_full()) {
        return false;
    }
    insert_at(first_after(range.begin),
              {range, traits, ++wiped_.load(std::memory_order_relaxed)->regions_so_far});
    return true;
}

Segment RegionTable::segment_at(const Range& range) const noexcept {
    const Held held(mutex());
    const auto known = pieces();
    const std::size_t i = first_after(range.begin);
    if (i < known.size() && known[i].range.begin <= range.begin) {
        return {Segment::Kind::piece, range.clipped_to(known[i].range), known[i].traits};
    }
    // The piece below keeps its last page mapped up to the end, and the piece above its first.
    const std::uintptr_t below = i == 0 ? 0 : known[i - 1].pages().end;
    const bool is_highest = i == known.size();
    const Range above{is_highest ? UINTPTR_MAX : known[i].pages().begin,
                      is_highest ? UINTPTR_MAX : known[i].range.begin};
    if (range.begin < below) {
        return {Segment::Kind::hole, range.clipped_to({0, std::min(below, above.end)}), {}};
    }
    if (range.begin >= above.begin) {
        return {Segment::Kind::hole, range.clipped_to({0, above.end}), {}};
    }
    return {Segment::Kind::other, range.clipped_to({0, above.begin}), {}};
}

bool RegionTable::overlaps(const Range& range) const noexcept {
    const Segment first = segment_at(range);
    return first.kind != Segment::Kind::other || first.range.end < range.end;
}

std::optional<Range> RegionTable::whole_pages(const Range& range, ByteSize page) const noexcept {
    const Range pages = range.widened_to(page);
    const Held held(mutex());
    if (has_live_byte({pages.begin, range.begin}) || has_live_byte({range.end, pages.end})) {
        return std::nullopt;
    }
    return pages;
}

RegionTable::Taken RegionTable::take(const Range& range) noexcept {
    const Held held(mutex());
    if (!has_live_byte(range)) {
        return {};
    }
    Piece piece = pieces()[first_after(range.begin)];
    piece.range = range.clipped_to(piece.range);
    if (!can_forget_locked(piece.range)) {
        return {Taken::Outcome::full, {}, {}};
    }
    forget_locked(piece.range);
    const Range inner = piece.range.narrowed_to(piece.traits.page_size);
    Range emptied = piece.pages();
    if (has_live_byte({emptied.begin, piece.range.begin})) {
        emptied.begin = inner.begin;
    }
    if (has_live_byte({piece.range.end, emptied.end})) {
        emptied.end = inner.end;
    }
    return {Taken::Outcome::taken, piece, emptied};
}

// What it was part of needs no room to have it again.
void RegionTable::put_back(const Piece& piece) noexcept {
    const Held held(mutex());
    forget_locked(piece.range);
    const std::size_t i = first_after(piece.range.begin);
    insert_at(i, piece);
    join(i, i + 1);
    if (pieces().size() > kCapacity) {
        remove(i, i + 1);
    }
}

bool RegionTable::can_forget(const Range& range) const noexcept {
    const Held held(mutex());
    return can_forget_locked(range);
}

void RegionTable::forget(const Range& range) noexcept {
    const Held held(mutex());
    forget_locked(range);
}

void RegionTable::forget_locked(const Range& range) noexcept {
    const std::size_t from = cut(range.begin);
    const std::size_t to = cut(range.end);
    // Where there is no room for what lies above, it goes too.
    remove(from, pieces().size() - (to - from) > kCapacity ? to + 1 : to);
}

bool RegionTable::change(const Range& range, FunctionRef<void(Traits& traits)> set) noexcept {
    const Held held(mutex());
    const std::size_t from = cut(range.begin);
    const std::size_t to = cut(range.end);
    const bool has_room = pieces().size() <= kCapacity;
    for (std::size_t i = from; has_room && i < to; ++i) {
        set(pieces()[i].traits);
    }
    join(from, to);
    return has_room;
}

}  // namespace hugepage
