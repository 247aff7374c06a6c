// Locking. Huge pages never swap, so a region on hugetlbfs is locked without asking the kernel: it counts
// against no limit and takes no time (the kernel takes some 6 ms a GiB). What the lock means for madvise and
// msync is remembered. Memory of a pool on tmpfs is locked by the kernel as any other.

#include "shim/next.h"
#include "shim/semantics.h"
#include "shim/semantics_parts.h"

namespace hugepage::semantics {
namespace {

// As the kernel does it: upwards, as far as memory is mapped. `ask` is the same call on what it is to decide.
template <class Ask>
int set_locked(const Range& range, bool locked, Ask ask) noexcept {
    return for_each_stretch(range, [&](const Stretch& stretch) {
        if (stretch.what == What::hole) {
            return ENOMEM;
        }
        if (stretch.what == What::elsewhere || !stretch.traits.is_huge()) {
            const int code = code_of(ask(stretch.range.address(), stretch.range.length()));
            if (code != 0 || stretch.what == What::elsewhere) {
                return code;
            }
        }
        return regions().change(stretch.range, [&](Traits& traits) { traits.locked = locked; }) ? 0 : ENOMEM;
    });
}

// The kernel's answer for memory that can't be read, and so can't be brought in; it is locked all the same.
int unreadable(const Range& range) noexcept {
    return for_each_stretch(range, [](const Stretch& stretch) {
        return stretch.what == What::piece && stretch.traits.protection == PROT_NONE ? ENOMEM : 0;
    });
}

}  // namespace

int mlock(const void* address, std::size_t length) noexcept {
    const SignalBlock signals;
    const auto range = Range::touched(address, length);
    if (!range || !regions().overlaps(*range)) {
        return next::mlock(address, length);
    }
    ErrnoGuard guard;
    const int code =
        set_locked(*range, true, [](const void* at, std::size_t bytes) { return next::mlock(at, bytes); });
    return answer(code != 0 ? code : unreadable(*range), guard);
}

int mlock2(const void* address, std::size_t length, unsigned flags) noexcept {
    const SignalBlock signals;
    const auto range = Range::touched(address, length);
    if (!range || !regions().overlaps(*range) || (flags & ~static_cast<unsigned>(MLOCK_ONFAULT)) != 0) {
        return next::mlock2(address, length, flags);
    }
    ErrnoGuard guard;
    const int code = set_locked(
        *range, true, [flags](const void* at, std::size_t bytes) { return next::mlock2(at, bytes, flags); });
    return answer(code != 0 || flags != 0 ? code : unreadable(*range), guard);
}

int munlock(const void* address, std::size_t length) noexcept {
    const SignalBlock signals;
    const auto range = Range::touched(address, length);
    if (!range || !regions().overlaps(*range)) {
        return next::munlock(address, length);
    }
    ErrnoGuard guard;
    const int code =
        set_locked(*range, false, [](const void* at, std::size_t bytes) { return next::munlock(at, bytes); });
    return answer(code, guard);
}

// The kernel decides these two, and passes over huge pages; what it decides holds for regions too.
// (MCL_FUTURE doesn't reach regions that are served later.)
int mlockall(int flags) noexcept {
    const SignalBlock signals;
    const int result = next::mlockall(flags);
    if (result == 0 && (flags & MCL_CURRENT) != 0) {
        const ErrnoGuard guard;
        static_cast<void>(regions().change({0, UINTPTR_MAX}, [](Traits& traits) { traits.locked = true; }));
    }
    return result;
}

int munlockall() noexcept {
    const SignalBlock signals;
    const int result = next::munlockall();
    if (result == 0) {
        const ErrnoGuard guard;
        static_cast<void>(regions().change({0, UINTPTR_MAX}, [](Traits& traits) { traits.locked = false; }));
    }
    return result;
}

}  // namespace hugepage::semantics
