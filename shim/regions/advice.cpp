// Advice. What has no effect that its owner could see is accepted; what has one is brought about.

#include "shim/base/next.h"
#include "shim/base/topology.h"
#include "shim/regions/calls.h"
#include "shim/regions/parts.h"
#include "shim/request/zeroing.h"

namespace hugepage::regions {
namespace {

// Newer than the headers of some systems that this is built on.
constexpr int kPopulateRead = 22;
constexpr int kPopulateWrite = 23;
constexpr int kDontneedLocked = 24;
constexpr int kCollapse = 25;
constexpr int kSoftOffline = 101;
constexpr int kGuardRemove = 103;

int kernel_advice(const Range& range, int advice) noexcept {
    return range.empty() ? 0 : code_of(next::kernel::madvise(range.address(), range.length(), advice));
}

// Whether children have the memory is the kernel's to decide, for whole huge pages only.
int keep_from_children(const Segment& segment, const Range& call, int advice) noexcept {
    const int so_far = segment.traits.advised_of_fork;
    if (so_far == advice || (so_far == 0 && segment.traits.shared && advice == MADV_DOFORK)) {
        return 0;
    }
    const auto pages = whole_pages(segment, call);
    if (!pages) {
        return so_far == 0 && advice == MADV_DOFORK ? 0 : EINVAL;
    }
    if (const int code = kernel_advice(*pages, advice)) {
        return code;
    }
    return change(segment.range, [&](Traits& traits) { traits.advised_of_fork = advice; });
}

int apply(const Segment& segment, const Range& call, int advice) noexcept {
    const auto& [kind, range, traits] = segment;
    const bool locked = traits.locked;
    switch (advice) {
        case MADV_NORMAL:
        case MADV_RANDOM:
        case MADV_SEQUENTIAL:
        case MADV_WILLNEED:
        case MADV_HUGEPAGE:
        case MADV_NOHUGEPAGE:
        case kCollapse:
        case MADV_MERGEABLE:
        case MADV_UNMERGEABLE:
        case kGuardRemove:
        case MADV_KEEPONFORK:
            return 0;
        case MADV_COLD:
        case MADV_PAGEOUT:
            return locked ? EINVAL : 0;
        case MADV_FREE:  // the old content may be read until the kernel wants the memory: here it never does
            return locked || traits.shared ? EINVAL : 0;
        case MADV_DONTNEED:
            if (locked) {
                return EINVAL;
            }
            [[fallthrough]];
        case kDontneedLocked:
            return traits.shared ? 0 : clear(segment);
        case MADV_REMOVE:
            return locked || !traits.shared ? EINVAL : clear(segment);
        case kPopulateRead:
        case kPopulateWrite:
            return kernel_advice(range, advice);
        case MADV_DONTFORK:
        case MADV_DOFORK:
            return keep_from_children(segment, call, advice);
        // With HUGEPAGE_DUMP=0 regions are in no dump anyhow. When in doubt, dump less.
        case MADV_DONTDUMP:
            return state::config.dump ? kernel_advice(range.widened_to(traits.page_size), advice) : 0;
        case MADV_DODUMP:
            return state::config.dump ? kernel_advice(range.narrowed_to(traits.page_size), advice) : 0;
        case MADV_HWPOISON:  // the pages are the operator's
        case kSoftOffline:
            return EPERM;
        default:  // MADV_WIPEONFORK and MADV_GUARD_INSTALL, which hugetlbfs can't, and what is newer than
                  // this
            return EINVAL;
    }
}

int advise(const Range& range, int advice) noexcept {
    // Where nothing is mapped, the kernel goes on and says so at the end; but not when it is to bring memory
    // in.
    const bool stops_at_a_hole = advice == kPopulateRead || advice == kPopulateWrite;
    int at_the_end = 0;
    const auto pass_on = [&](void* at, std::size_t bytes) { return next::madvise(at, bytes, advice); };
    const int code = for_each_segment(range, [&](const Segment& segment) {
        const int done = answer_for_segment(
            segment, pass_on, ENOMEM, [&](const Segment& piece) { return apply(piece, range, advice); });
        at_the_end = done == ENOMEM ? ENOMEM : at_the_end;
        return done == ENOMEM && !stops_at_a_hole ? 0 : done;
    });
    return code != 0 ? code : at_the_end;
}

}  // namespace

int clear(const Segment& piece) noexcept {
    const Range& range = piece.range;
    const auto how = range.length() < kWorthAHelper
                         ? Zeroing{.helpers = 0, .cpus = {}}
                         : Zeroing{state::config.zero_threads, helper_cpus(piece.traits.node)};
    return with_right(PROT_WRITE, range, piece.traits,
                      [&] { zero_memory(range.address(), range.length(), how); });
}

int madvise(void* address, std::size_t length, int advice) noexcept {
    return answer_for<next::madvise>(
        Range::of_pages(address, length),
        [&](const Range& range) {
            // Does the kernel know the advice? It tells, for no byte at all.
            const int code = code_of(next::madvise(address, 0, advice));
            return code != 0 ? code : advise(range, advice);
        },
        address, length, advice);
}

int posix_madvise(void* address, std::size_t length, int advice) noexcept {
    const SignalBlock signals;
    const auto range = Range::of_pages(address, length);
    if (!range || !state::regions.overlaps(*range) || advice == POSIX_MADV_DONTNEED) {
        return next::posix_madvise(address, length, advice);
    }
    const ErrnoGuard guard;
    return madvise(address, length, advice) == 0 ? 0 : errno;
}

}  // namespace hugepage::regions
