#include "shim/regions/calls.h"

#include "shim/base/log.h"
#include "shim/base/next.h"
#include "shim/regions/parts.h"

namespace hugepage::regions {

namespace {

// Out of the table before it is unmapped: another thread may be given the address the moment it is free.
int unmap_piece(const Range& range) noexcept {
    const auto taken = state::regions.take(range);
    if (taken.outcome != RegionTable::Taken::Outcome::taken) {
        // Full: as the kernel when a process has too many mappings; nothing has been done.
        return taken.outcome == RegionTable::Taken::Outcome::full ? ENOMEM : 0;
    }
    const Range& emptied = taken.emptied;
    if (emptied.empty()) {
        return 0;
    }
    if (const int code = code_of(next::kernel::munmap(emptied.address(), emptied.length()))) {
        state::regions.put_back(taken.piece);
        return code;
    }
    log::write(log::Level::debug, "lease", "unmapped from a leased file: ", emptied.length(), " bytes at ",
               Address{emptied.address()});
    return 0;
}

int unmap_upwards(const Range& range) noexcept {
    return answer_for_each_segment(range, next::munmap.function(), 0,
                                   [](const Segment& piece) { return unmap_piece(piece.range); });
}

}  // namespace

int unmap(const Range& range) noexcept {
    Range last;
    for_each_segment(range, [&](const Segment& segment) {
        last = segment.range;
        return 0;
    });
    // What lies highest alone can reach beyond the process's addresses, and then nothing must be done.
    if (const int code = unmap_upwards(last)) {
        return code;
    }
    // Never back: what has been unmapped may be another thread's by now.
    return unmap_upwards({range.begin, last.begin});
}

int munmap(void* address, std::size_t length) noexcept {
    return answer_for<next::munmap>(Range::of_pages(address, length), unmap, address, length);
}

// The kernel first: the addresses stay taken all the while, so no other thread can be given them, and if it
// refuses (the range would leave part of a huge page) nothing has changed.
void* map_over(const MapRequest& request, next::Mmap* pass_on) noexcept {
    const SignalBlock signals;
    const auto range = Range::of_pages(request.address, request.length);
    if (range && !state::regions.can_forget(*range)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void* const memory = next::mmap_by(pass_on, request);
    if (memory != MAP_FAILED && range) {
        const ErrnoGuard guard;
        state::regions.forget(*range);
    }
    return memory;
}

namespace {

int protect(const Segment& segment, const Range& call, int protection) noexcept {
    const Traits& traits = segment.traits;
    const auto pages = whole_pages(segment, call);
    if (!pages) {
        if (protection == traits.protection) {
            return 0;
        }
        log::write_once(log::Level::warn, "region",
                        "mprotect of a part of a huge page fails with EINVAL: memory in pages of ",
                        to_text(traits.page_size).view(), " can only be protected by whole pages");
        return EINVAL;
    }
    if (const int code = code_of(next::kernel::mprotect(pages->address(), pages->length(), protection))) {
        return code;
    }
    constexpr int kBits = PROT_READ | PROT_WRITE | PROT_EXEC;
    return change(*pages, [&](Traits& known) { known.protection = protection & kBits; });
}

}  // namespace

int mprotect(void* address, std::size_t length, int protection) noexcept {
    const auto pass_on = [&](void* at, std::size_t bytes) { return next::mprotect(at, bytes, protection); };
    return answer_for<next::mprotect>(
        Range::of_pages(address, length),
        [&](const Range& range) {
            return answer_for_each_segment(range, pass_on, ENOMEM, [&](const Segment& piece) {
                return protect(piece, range, protection);
            });
        },
        address, length, protection);
}

// For these two the kernel's answer is right except for what it cannot know: our locks, and the holes.
namespace {

int unless_refused(int result, void* address, std::size_t length, bool are_locks_refused) noexcept {
    const auto range = Range::of_pages(address, length);
    if (result != 0 || !range) {
        return result;
    }
    const SignalBlock signals;
    ErrnoGuard guard;
    int hole = 0;
    const int locked = for_each_segment(*range, [&](const Segment& segment) {
        hole = segment.kind == Kind::hole ? ENOMEM : hole;
        return are_locks_refused && segment.traits.locked ? EBUSY : 0;
    });
    return answer(locked != 0 ? locked : hole, guard);
}

}  // namespace

int msync(void* address, std::size_t length, int flags) {
    return unless_refused(next::msync(address, length, flags), address, length, (flags & MS_INVALIDATE) != 0);
}

int mincore(void* address, std::size_t length, unsigned char* residence) noexcept {
    return unless_refused(next::mincore(address, length, residence), address, length, false);
}

// Locking. Huge pages never swap, so a region on hugetlbfs is locked without asking the kernel: it counts
// against no limit and takes no time (the kernel takes some 6 ms a GiB). What the lock means for madvise and
// msync is remembered. Memory of a pool on tmpfs is locked by the kernel as any other.
namespace {

void set_all_locked(bool locked) noexcept {
    const ErrnoGuard guard;
    static_cast<void>(change({0, UINTPTR_MAX}, [&](Traits& traits) { traits.locked = locked; }));
}

// The kernel's answer for memory that can't be read, and so can't be brought in; it is locked all the same.
int unreadable(const Range& range) noexcept {
    return for_each_segment(range, [](const Segment& segment) {
        return segment.kind == Kind::piece && segment.traits.protection == PROT_NONE ? ENOMEM : 0;
    });
}

// As the kernel does it: upwards, as far as memory is mapped. Then what is locked is brought in, unless flags
// leave that to the first touch.
template <auto& pass_on, class... Flags>
int set_locked(bool locked, const void* address, std::size_t length, Flags... flags) noexcept {
    const auto ask = [&](const void* at, std::size_t bytes) { return pass_on(at, bytes, flags...); };
    return answer_for<pass_on>(
        Range::touched(address, length),
        [&](const Range& range) {
            const int code = answer_for_each_segment(range, ask, ENOMEM, [&](const Segment& piece) {
                const bool is_ours = piece.traits.is_huge();
                const int refused = is_ours ? 0 : code_of(ask(piece.range.address(), piece.range.length()));
                return refused != 0 ? refused
                                    : change(piece.range, [&](Traits& traits) { traits.locked = locked; });
            });
            const bool is_brought_in = locked && (0U | ... | flags) == 0;
            return code == 0 && is_brought_in ? unreadable(range) : code;
        },
        address, length, flags...);
}

}  // namespace

int mlock(const void* address, std::size_t length) noexcept {
    return set_locked<next::mlock>(true, address, length);
}

int mlock2(const void* address, std::size_t length, unsigned flags) noexcept {
    const bool is_known = (flags & ~static_cast<unsigned>(MLOCK_ONFAULT)) == 0;
    return is_known ? set_locked<next::mlock2>(true, address, length, flags)
                    : next::mlock2(address, length, flags);
}

int munlock(const void* address, std::size_t length) noexcept {
    return set_locked<next::munlock>(false, address, length);
}

// The kernel decides these two, and passes over huge pages; what it decides holds for regions too.
// (MCL_FUTURE doesn't reach regions that are served later.)
int mlockall(int flags) noexcept {
    const SignalBlock signals;
    const int result = next::mlockall(flags);
    if (result == 0 && (flags & MCL_CURRENT) != 0) {
        set_all_locked(true);
    }
    return result;
}

int munlockall() noexcept {
    const SignalBlock signals;
    const int result = next::munlockall();
    if (result == 0) {
        set_all_locked(false);
    }
    return result;
}

}  // namespace hugepage::regions
