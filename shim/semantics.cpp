#include "shim/semantics.h"

#include "shim/events.h"
#include "shim/next.h"
#include "shim/semantics_parts.h"

namespace hugepage::semantics {

namespace {

// Out of the table before it is unmapped: another thread may be given the address the moment it is free.
int unmap_piece(const Range& range) noexcept {
    const auto taken = regions().take(range);
    if (taken.outcome != RegionTable::Taken::Outcome::taken) {
        // Full: as the kernel when a process has too many mappings; nothing has been done.
        return taken.outcome == RegionTable::Taken::Outcome::full ? ENOMEM : 0;
    }
    const Range& emptied = taken.emptied;
    if (emptied.empty()) {
        return 0;
    }
    if (const int code = code_of(next::kernel::munmap(emptied.address(), emptied.length()))) {
        regions().put_back(taken.piece);
        return code;
    }
    events::released(emptied.address(), emptied.length());
    return 0;
}

int unmap_stretch(const Stretch& stretch) noexcept {
    switch (stretch.what) {
        case What::elsewhere:
            return code_of(next::munmap(stretch.range.address(), stretch.range.length()));
        case What::hole:
            return 0;
        case What::piece:
            break;
    }
    return unmap_piece(stretch.range);
}

}  // namespace

int unmap(const Range& range) noexcept {
    Stretch last;
    for_each_stretch(range, [&](const Stretch& stretch) {
        last = stretch;
        return 0;
    });
    // What lies highest alone can reach beyond the process's addresses, and then nothing must be done.
    if (const int code = unmap_stretch(last)) {
        return code;
    }
    // Upwards, and never back: what has been unmapped may be another thread's by now.
    return for_each_stretch({range.begin, last.range.begin}, unmap_stretch);
}

int munmap(void* address, std::size_t length) noexcept {
    const SignalBlock signals;
    const auto range = Range::of_pages(address, length);
    if (!range || !regions().overlaps(*range)) {
        return next::munmap(address, length);
    }
    ErrnoGuard guard;
    return answer(unmap(*range), guard);
}

// The kernel first: the addresses stay taken all the while, so no other thread can be given them, and if it
// refuses (the range would leave part of a huge page) nothing has changed.
void* map_over(const MapRequest& request,
               void* (*pass_on)(void*, std::size_t, int, int, int, off_t)) noexcept {
    const SignalBlock signals;
    const auto range = Range::of_pages(request.address, request.length);
    if (range && !regions().can_forget(*range)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void* memory = pass_on(request.address, request.length, request.protection, request.flags, request.fd,
                           request.offset);
    if (memory != MAP_FAILED && range) {
        const ErrnoGuard guard;
        regions().forget(*range);
    }
    return memory;
}

namespace {

int protect(const Stretch& stretch, const Range& call, int protection) noexcept {
    const Traits& traits = stretch.traits;
    if (protection == traits.protection) {
        return 0;
    }
    const auto pages = whole_pages(stretch, call);
    if (!pages) {
        events::unaligned_protection_once(stretch.range.address(), stretch.range.length(), traits.page_size);
        return EINVAL;
    }
    if (const int code = code_of(next::kernel::mprotect(pages->address(), pages->length(), protection))) {
        return code;
    }
    constexpr int kBits = PROT_READ | PROT_WRITE | PROT_EXEC;
    const bool known = regions().change(*pages, [&](Traits& t) { t.protection = protection & kBits; });
    return known ? 0 : ENOMEM;
}

}  // namespace

int mprotect(void* address, std::size_t length, int protection) noexcept {
    const SignalBlock signals;
    const auto range = Range::of_pages(address, length);
    if (!range || !regions().overlaps(*range)) {
        return next::mprotect(address, length, protection);
    }
    ErrnoGuard guard;
    const int code = for_each_stretch(*range, [&](const Stretch& stretch) {
        switch (stretch.what) {
            case What::elsewhere:
                return code_of(next::mprotect(stretch.range.address(), stretch.range.length(), protection));
            case What::hole:
                return ENOMEM;
            case What::piece:
                break;
        }
        return protect(stretch, *range, protection);
    });
    return answer(code, guard);
}

// For these two the kernel's answer is right but for what it cannot know: our locks, and the holes.
int msync(void* address, std::size_t length, int flags) {
    const int result = next::msync(address, length, flags);
    const auto range = Range::of_pages(address, length);
    if (result != 0 || !range) {
        return result;
    }
    const SignalBlock signals;
    ErrnoGuard guard;
    const int locked = for_each_stretch(*range, [&](const Stretch& stretch) {
        return (flags & MS_INVALIDATE) != 0 && stretch.traits.locked ? EBUSY : 0;
    });
    return answer(locked != 0 ? locked : has_hole(*range) ? ENOMEM : 0, guard);
}

int mincore(void* address, std::size_t length, unsigned char* residence) noexcept {
    const int result = next::mincore(address, length, residence);
    const auto range = Range::of_pages(address, length);
    if (result != 0 || !range) {
        return result;
    }
    const SignalBlock signals;
    ErrnoGuard guard;
    return answer(has_hole(*range) ? ENOMEM : 0, guard);
}

}  // namespace hugepage::semantics
