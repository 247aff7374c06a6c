// What the parts of semantics share. Codes are errno values, 0 for success; errno itself is not kept.
#pragma once

#include "shim/core/address_range.h"
#include "shim/core/errno_guard.h"
#include "shim/core/region_table.h"
#include "shim/substitution.h"

#include <sys/mman.h>

#include <cerrno>

namespace hugepage::semantics {

using What = Stretch::What;

// Every function of semantics.h that asks it blocks all signals first.
inline RegionTable& regions() noexcept {
    return substitution::internal::regions;
}

// Of a call that answers 0, or -1 and errno.
inline int code_of(int result) noexcept {
    return result == 0 ? 0 : errno;
}

// The answer of a C function.
inline int answer(int code, ErrnoGuard& guard) noexcept {
    if (code != 0) {
        guard.leave(code);
        return -1;
    }
    return 0;
}

// Calls for each stretch of the range, upwards, until a code other than 0 comes back; returns that.
template <class Visit>
int for_each_stretch(Range range, Visit visit) noexcept {
    int code = 0;
    while (code == 0 && !range.empty()) {
        const Stretch stretch = regions().stretch(range);
        code = visit(stretch);
        range.begin = stretch.range.end;
    }
    return code;
}

inline bool has_hole(const Range& range) noexcept {
    return for_each_stretch(range, [](const Stretch& s) { return s.what == What::hole ? ENOMEM : 0; }) != 0;
}

// munmap of a range that is well-formed.
int unmap(const Range& range) noexcept;
// The file's pages that have a byte of the stretch, unless one has a live byte beyond the range of the call
// too: what can only be done to whole pages can't be done then.
inline std::optional<Range> whole_pages(const Stretch& stretch, const Range& call) noexcept {
    const ByteSize page = stretch.traits.page_size;
    return regions().whole_pages(stretch.range.widened_to(page).clipped_to(call), page);
}

// What lies in a stretch of a region reads as zero afterwards, whatever its protection.
int clear(const Stretch& piece) noexcept;

}  // namespace hugepage::semantics
