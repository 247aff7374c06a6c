// What the files of this folder share. Codes are errno values, 0 for success; errno itself is not kept. All
// signals are blocked by then.
#pragma once

#include "shim/base/range.h"
#include "shim/base/state.h"
#include "shim/base/sys.h"

#include <sys/mman.h>

#include <cerrno>

namespace hugepage::regions {

using Kind = Segment::Kind;

// Of a call that answers 0, or -1 and errno.
inline int code_of(int result) noexcept {
    return result == 0 ? 0 : errno;
}

// The answer of a C function, with errno.
inline int answer(int code, ErrnoGuard& guard) noexcept {
    if (code != 0) {
        guard.leave(code);
        return -1;
    }
    return 0;
}

// A whole call: `act` answers for a range that holds a byte of a region, else the next function does.
template <class PassOn, class Act>
int answer_for(const std::optional<Range>& range, PassOn pass_on, Act act) noexcept {
    const SignalBlock signals;
    if (!range || !state::regions.overlaps(*range)) {
        return pass_on();
    }
    ErrnoGuard guard;
    return answer(act(*range), guard);
}

// Calls for each segment of the range, upwards, until a code other than 0 comes back; returns that.
template <class Visit>
int for_each_segment(Range range, Visit visit) noexcept {
    int code = 0;
    while (code == 0 && !range.empty()) {
        const Segment segment = state::regions.segment_at(range);
        code = visit(segment);
        range.begin = segment.range.end;
    }
    return code;
}

inline bool has_hole(const Range& range) noexcept {
    return for_each_segment(range, [](const Segment& s) { return s.kind == Kind::hole ? ENOMEM : 0; }) != 0;
}

// munmap of a range that is well-formed.
int unmap(const Range& range) noexcept;
// The file's pages that have a byte of the segment, unless one has a live byte beyond the range of the call
// too: what can only be done to whole pages can't be done then.
inline std::optional<Range> whole_pages(const Segment& segment, const Range& call) noexcept {
    const ByteSize page = segment.traits.page_size;
    return state::regions.whole_pages(segment.range.widened_to(page).clipped_to(call), page);
}

// What lies in a segment of a region reads as zero afterwards, whatever its protection.
int clear(const Segment& piece) noexcept;

}  // namespace hugepage::regions
