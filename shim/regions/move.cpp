// mremap. A region can't grow (a file has the size it has), and moves only in whole huge pages; where that is
// asked for, its content goes to other memory of the same kind and the lease ends.

#include "shim/base/next.h"
#include "shim/base/result.h"
#include "shim/regions/calls.h"
#include "shim/regions/parts.h"
#include "shim/request/request.h"

#include <algorithm>
#include <cstring>

namespace hugepage::regions {
namespace {

constexpr std::size_t kMostBytes = 1UL << 47;
constexpr std::size_t kBeyondAllAddresses = 1UL << 57;  // of any process, on any machine

// The arguments, lengths in whole pages.
struct Move {
    Range from;
    std::size_t length;  // afterwards
    int flags;
    void* to;

    [[nodiscard]] bool has(int flag) const noexcept { return (flags & flag) != 0; }
    [[nodiscard]] Range target() const noexcept {
        const auto begin = reinterpret_cast<std::uintptr_t>(to);
        return {begin, begin + length};
    }
};

// What the kernel refuses for the arguments alone, before it looks at any memory.
bool is_well_formed(const Move& move, std::size_t new_length) noexcept {
    constexpr int kKnown = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
    if ((move.flags & ~kKnown) != 0 || move.from.begin % page_bytes() != 0 ||
        move.from.length() > kMostBytes || new_length > kMostBytes || new_length == 0) {
        return false;
    }
    if (move.has(MREMAP_FIXED | MREMAP_DONTUNMAP)) {
        const Range target = move.target();
        const bool silly = target.begin % page_bytes() != 0 || target.begin > kMostBytes;
        const bool overlaps = target.overlaps(move.from);
        if (!move.has(MREMAP_MAYMOVE) || (move.has(MREMAP_FIXED) && (silly || overlaps)) ||
            (move.has(MREMAP_DONTUNMAP) && move.length != move.from.length())) {
            return false;
        }
    }
    return true;
}

// What the kernel says to lengths that no memory can have, asked of a page of ordinary memory. Not of a
// region: older kernels (6.1) round lengths up to huge pages before they look at them, and where that comes
// to nothing they unmap a page, or map it twice.
void* refused_anywhere(std::uintptr_t begin, std::size_t old_length, std::size_t new_length, int flags,
                       void* new_address) noexcept {
    const MapRequest request{nullptr, page_bytes(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0};
    void* const page = next::kernel::mmap(request);
    if (page == MAP_FAILED) {
        return MAP_FAILED;
    }
    char* const address = static_cast<char*>(page) + begin % page_bytes();
    void* const answer = next::mremap(address, old_length, new_length, flags, new_address);
    const ErrnoGuard guard;
    next::kernel::munmap(page, page_bytes());
    return answer;
}

using Answer = Result<void*, int>;  // an address, or the code

// Memory that is no region's, to a place where regions may be. The kernel frees the place before it can still
// refuse to move; then the table is told so too.
Answer move_other(const Move& move) noexcept {
    void* const memory =
        next::mremap(move.from.address(), move.from.length(), move.length, move.flags, move.to);
    const int code = memory == MAP_FAILED ? errno : 0;
    if (move.has(MREMAP_FIXED)) {
        Range target = move.target();
        bool is_gone = code == 0;
        if (!is_gone) {
            for_each_segment(target, [&](const Segment& segment) {
                unsigned char residence = 0;
                is_gone = segment.kind == Kind::piece &&
                          next::mincore(segment.range.address(), page_bytes(), &residence) != 0;
                return segment.kind == Kind::piece ? 1 : 0;  // one tells for all
            });
        }
        if (is_gone) {
            state::regions.forget(target);
        }
    }
    return code == 0 ? Answer(memory) : Answer(code);
}

// The same pages at another address: by the kernel, where nothing stands against it.
Answer move_region(const Move& move) noexcept {
    auto taken = state::regions.take(move.from);
    if (taken.outcome != RegionTable::Taken::Outcome::taken) {
        return taken.outcome == RegionTable::Taken::Outcome::full ? ENOMEM : EFAULT;
    }
    if (next::bare<SYS_mremap, void*>(move.from.address(), move.length, move.length,
                                      MREMAP_MAYMOVE | MREMAP_FIXED, move.to) == MAP_FAILED) {
        // It may be in several mappings by now, which no huge pages leave again, and of which older kernels
        // (6.1) move only one; those before 5.16 move none. It can still be copied.
        state::regions.put_back(taken.piece);
        return EINVAL;
    }
    // There is room: a piece has just been taken out. If another thread was faster, the memory is no less the
    // caller's, but is known as a mapping of the file and no more.
    static_cast<void>(state::regions.insert(move.target(), taken.piece.traits));
    return move.to;
}

// Ordinary memory, or another file; to be read and written.
Answer new_memory(const Move& move, const Traits& traits) noexcept {
    const int kind = (traits.shared ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS;
    MapRequest request{nullptr, move.length, PROT_READ | PROT_WRITE, kind, -1, 0};
    if (move.has(MREMAP_FIXED)) {
        request.address = move.to;
        request.flags |= MAP_FIXED;
    }
    void* const memory = request::memory_for(request, next::mmap.function());
    if (memory == MAP_FAILED) {
        return errno;
    }
    if (move.has(MREMAP_FIXED)) {
        state::regions.forget(move.target());
    }
    return memory;
}

// What has been said of the old memory is said of the new.
int pass_on_traits(void* memory, std::size_t length, const Traits& traits) noexcept {
    if (traits.advised_of_fork != 0 && madvise(memory, length, traits.advised_of_fork) != 0) {
        return errno;
    }
    if (traits.locked) {
        mlock(memory,
              length);  // the kernel moves a lock without asking for the limit; here it may be too small
    }
    const bool is_other = traits.protection != (PROT_READ | PROT_WRITE);
    return is_other && mprotect(memory, length, traits.protection) != 0 ? errno : 0;
}

Answer copy_region(const Move& move, const Traits& traits) noexcept {
    const Answer memory = new_memory(move, traits);
    if (!memory) {
        return memory;
    }
    int code = with_right(PROT_READ, move.from, traits,
                          [&] { std::memcpy(memory.value(), move.from.address(), move.from.length()); });
    if (code == 0) {
        code = pass_on_traits(memory.value(), move.length, traits);
    }
    if (code == 0) {
        code = move.has(MREMAP_DONTUNMAP) ? clear({Kind::piece, move.from, traits}) : unmap(move.from);
    }
    if (code == 0) {
        return memory;
    }
    const auto begin = reinterpret_cast<std::uintptr_t>(memory.value());
    unmap({begin, begin + move.length});
    return code;
}

Answer relocate(const Move& move, const Traits& traits) noexcept {
    const bool by_kernel = move.has(MREMAP_FIXED) && !move.has(MREMAP_DONTUNMAP) &&
                           move.length == move.from.length() &&
                           move.target().begin % traits.page_size.bytes == 0 &&
                           state::regions.whole_pages(move.from, traits.page_size) == move.from;
    const Answer moved = by_kernel ? move_region(move) : EINVAL;
    return moved.ok() || moved.error() != EINVAL ? moved : copy_region(move, traits);
}

Answer remap(Move move) noexcept {
    const Range first_look{move.from.begin, std::max(move.from.end, move.from.begin + page_bytes())};
    const Segment source = state::regions.segment_at(first_look);
    const bool is_region = source.kind == Kind::piece;
    if (move.has(MREMAP_FIXED) && !state::regions.can_forget(move.target())) {
        return ENOMEM;
    }
    if (source.kind == Kind::other && source.range.end >= move.from.end) {
        return move_other(move);
    }
    const bool duplicates = move.from.empty();  // length 0, by which the kernel maps shared memory again
    if (is_region && (duplicates || (move.has(MREMAP_DONTUNMAP) && source.traits.shared))) {
        return EINVAL;
    }
    const Range kept{move.from.begin, move.from.begin + std::min(move.length, move.from.length())};
    if (source.kind == Kind::hole || source.range.end < kept.end) {
        return EFAULT;
    }
    if (!is_region && next::mremap(kept.address(), kept.length(), kept.length(), 0, nullptr) == MAP_FAILED) {
        return errno;
    }
    // What is cut off goes first, as in the kernel: once the memory has moved, nothing may fail any more.
    if (const int code = unmap({kept.end, move.from.end})) {
        return code;
    }
    move.from = kept;
    if (move.length == kept.length() && !move.has(MREMAP_FIXED | MREMAP_DONTUNMAP)) {
        return kept.address();
    }
    if (!is_region) {
        return move_other(move);
    }
    return move.has(MREMAP_MAYMOVE) ? relocate(move, source.traits) : ENOMEM;
}

}  // namespace

void* mremap(void* old_address, std::size_t old_length, std::size_t new_length, int flags,
             void* new_address) noexcept {
    const SignalBlock signals;
    if (!may_touch_from(old_address, old_length) &&
        ((flags & MREMAP_FIXED) == 0 || !may_touch(new_address, new_length))) {
        return next::mremap(old_address, old_length, new_length, flags, new_address);
    }
    const auto round_up = [](std::size_t length) {
        return (length + page_bytes() - 1) & ~(page_bytes() - 1);
    };
    const auto begin = reinterpret_cast<std::uintptr_t>(old_address);
    const Move move{{begin, begin + round_up(old_length)}, round_up(new_length), flags, new_address};
    if (!is_well_formed(move, new_length)) {
        if (std::max(old_length, new_length) > kBeyondAllAddresses) {
            return refused_anywhere(begin, old_length, new_length, flags, new_address);
        }
        return next::mremap(old_address, old_length, new_length, flags, new_address);
    }
    ErrnoGuard guard;
    const Answer answer = remap(move);
    if (!answer) {
        guard.leave(answer.error());
        return MAP_FAILED;
    }
    return answer.value();
}

}  // namespace hugepage::regions
