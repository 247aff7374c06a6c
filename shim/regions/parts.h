// What the files of this folder share. Codes are errno values, 0 for success; errno itself is not kept. All
// signals are blocked by then.
#pragma once

#include "shim/base/config.h"
#include "shim/base/next.h"
#include "shim/base/range.h"
#include "shim/base/region_table.h"
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

// A whole call: `act` answers for a range that holds a byte of a region, else the next function does, with
// the call's arguments.
template <auto& pass_on, class Act, class... Arguments>
int answer_for(const std::optional<Range>& range, Act act, Arguments... arguments) noexcept {
    const SignalBlock signals;
    if (!range || !state::regions.overlaps(*range)) {
        return pass_on(arguments...);
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

// What a segment is decides who answers: `pass_on`, a C function, for what is no region's; `act` for a piece
// of one.
template <class PassOn, class Act>
int answer_for_segment(const Segment& segment, PassOn&& pass_on, int code_of_hole, Act act) noexcept {
    if (segment.kind == Kind::piece) {
        return act(segment);
    }
    return segment.kind == Kind::hole ? code_of_hole
                                      : code_of(pass_on(segment.range.address(), segment.range.length()));
}

template <class PassOn, class Act>
int answer_for_each_segment(const Range& range, PassOn&& pass_on, int code_of_hole, Act act) noexcept {
    return for_each_segment(range, [&](const Segment& segment) {
        return answer_for_segment(segment, pass_on, code_of_hole, act);
    });
}

// munmap of a range that is well-formed.
int unmap(const Range& range) noexcept;
// The file's pages that have a byte of the segment, unless one has a live byte beyond the range of the call
// too: what can only be done to whole pages can't be done then.
inline std::optional<Range> whole_pages(const Segment& segment, const Range& call) noexcept {
    const ByteSize page = segment.traits.page_size;
    return state::regions.whole_pages(segment.range.widened_to(page).clipped_to(call), page);
}

// Does it to memory of a region with that right (PROT_READ or PROT_WRITE), which its owner may not have now.
template <class Act>
int with_right(int right, const Range& range, const Traits& traits, Act act) noexcept {
    const Range pages = range.widened_to(traits.page_size);
    const auto protect = [&](int protection) {
        const bool has_it = (traits.protection & right) != 0;
        return has_it ? 0 : code_of(next::kernel::mprotect(pages.address(), pages.length(), protection));
    };
    if (const int code = protect(PROT_READ | right)) {
        return code;
    }
    act();
    return protect(traits.protection);
}

// Says something of all that is live in the range. A full table is as a process with too many mappings.
inline int change(const Range& range, FunctionRef<void(Traits&)> set) noexcept {
    return state::regions.change(range, set) ? 0 : ENOMEM;
}

// What lies in a segment of a region reads as zero afterwards, whatever its protection.
int clear(const Segment& piece) noexcept;

}  // namespace hugepage::regions
