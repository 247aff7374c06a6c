// Locking. Huge pages never swap, so a region on hugetlbfs is locked without asking the kernel: it counts
// against no limit and takes no time (the kernel takes some 6 ms a GiB). What the lock means for madvise and
// msync is remembered. Memory of a pool on tmpfs is locked by the kernel as any other.

#include "shim/base/next.h"
#include "shim/regions/calls.h"
#include "shim/regions/parts.h"

namespace hugepage::regions {
namespace {

// As the kernel does it: upwards, as far as memory is mapped. `ask` is the same call on what it is to decide.
template <class Ask>
int set_locked(const Range& range, bool locked, const Ask& ask) noexcept {
    return answer_for_each_segment(range, ask, ENOMEM, [&](const Segment& piece) {
        const bool is_ours = piece.traits.is_huge();
        const int code = is_ours ? 0 : code_of(ask(piece.range.address(), piece.range.length()));
        return code != 0 ? code : change(piece.range, [&](Traits& traits) { traits.locked = locked; });
    });
}

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

}  // namespace

int mlock(const void* address, std::size_t length) noexcept {
    return answer_for<next::mlock>(
        Range::touched(address, length),
        [](const Range& range) {
            const int code = set_locked(range, true, next::mlock.function());
            return code != 0 ? code : unreadable(range);
        },
        address, length);
}

int mlock2(const void* address, std::size_t length, unsigned flags) noexcept {
    const bool is_known = (flags & ~static_cast<unsigned>(MLOCK_ONFAULT)) == 0;
    const auto ask = [&](const void* at, std::size_t bytes) { return next::mlock2(at, bytes, flags); };
    return answer_for<next::mlock2>(
        is_known ? Range::touched(address, length) : std::nullopt,
        [&](const Range& range) {
            const int code = set_locked(range, true, ask);
            return code != 0 || flags != 0 ? code : unreadable(range);
        },
        address, length, flags);
}

int munlock(const void* address, std::size_t length) noexcept {
    return answer_for<next::munlock>(
        Range::touched(address, length),
        [](const Range& range) { return set_locked(range, false, next::munlock.function()); }, address,
        length);
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
