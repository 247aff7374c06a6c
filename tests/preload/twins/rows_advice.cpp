// Every advice value that there is or may be, on ranges of every sort.

#include "tests/preload/twins/twin.h"

#include <cerrno>
#include <cstdint>

namespace twins {
namespace {

constexpr long kCollapse = 25;
constexpr long kGuardInstall = 102;

// On memory that is whole huge pages, on some pages, on all, on what is protected, across a gap and into
// other memory.
void advise_everywhere(Twin& t, long value) {
    const int advice = static_cast<int>(value);
    t.madvise(H, H, advice);
    t.madvise(2 * H + 3, 5, advice);
    t.look();
    if (value != kGuardInstall) {  // which makes memory that can't be touched
        t.fill(0, t.pages(), 'z');
    }
    t.madvise(0, t.pages(), advice);
    t.look();
    t.madvise(-2, 4, advice);
    t.madvise(t.pages() - 2, 4, advice);
    t.look();
    t.munmap(3 * H + 7, 2);
    t.madvise(3 * H + 6, 4, advice);
    t.madvise(3 * H + 7, 1, advice);
    t.madvise(3 * H + 7, 2, advice);
    t.madvise(3 * H + 8, H, advice);
}

void advise_protected(Twin& t, long value) {
    const int advice = static_cast<int>(value);
    t.mprotect(0, H, PROT_READ);
    t.mprotect(H, H, PROT_NONE);
    t.madvise(1, 1, advice);
    t.madvise(H + 1, 1, advice);
    t.madvise(0, 2 * H, advice);
    t.look();
    t.mprotect(0, 2 * H, PROT_READ | PROT_WRITE);
}

void advise_partly_locked(Twin& t, long value) {
    const int advice = static_cast<int>(value);
    t.munlock(0, t.pages());
    t.mlock(H + 5, 1);
    t.madvise(H, H, advice);
    t.madvise(H + 5, 1, advice);
    t.madvise(H + 6, 1, advice);
}

void advise_wrongly(Twin& t, long value) {
    const int advice = static_cast<int>(value);
    t.note("madvise", ::madvise(t.at(0) + 1, kPage, advice));
    t.note("madvise", ::madvise(t.at(0) + 1, 0, advice));
    t.note("madvise", ::madvise(t.at(0), SIZE_MAX, advice));
    t.note("madvise", ::madvise(t.at(0), SIZE_MAX - 2 * kPage, advice));
    t.madvise(0, 0, advice);
}

// To this kernel, of any memory.
bool is_known(long advice) {
    return ::madvise(nullptr, 0, static_cast<int>(advice)) == 0;
}

Limit limit_of(long advice) {
    if (!is_known(advice)) {
        return {};
    }
    switch (advice) {
        case kCollapse:
            return {Where::everywhere,
                    "the memory is in huge pages already: 0, where the kernel may not manage"};
        case kGuardInstall:
            return {Where::everywhere, "hugetlbfs has no guard pages: EINVAL", Limit::Of::unlocked};
        case MADV_DONTFORK:
            return {Where::on_huge_pages, "a child has a huge page or hasn't: EINVAL for part of one"};
        case MADV_WIPEONFORK:
            return {Where::everywhere, "no child is given memory in a region's place: EINVAL",
                    Limit::Of::private_memory};
        default:
            return {};
    }
}

// Older kernels (6.1) bring in what lies after a gap, and fail by what they find there.
bool populates_after_gaps() {
    void* memory = ::mmap(nullptr, 2 * kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ::munmap(memory, kPage);
    const bool refused_by_the_second =
        ::madvise(memory, 2 * kPage, MADV_POPULATE_WRITE) != 0 && errno == EINVAL;
    ::munmap(memory, 2 * kPage);
    return refused_by_the_second;
}

Limit limit_across_gaps(long advice) {
    if (advice == MADV_POPULATE_WRITE && populates_after_gaps()) {
        return {Where::everywhere, "ends at the first gap, as in newer kernels: ENOMEM"};
    }
    return limit_of(advice);
}

}  // namespace

std::vector<Row> rows_of_advice() {
    std::vector<Row> rows;
    const auto add = [&](long advice) {
        const std::string name = "madvise " + std::to_string(advice);
        rows.push_back({name, advise_everywhere, advice, limit_across_gaps(advice)});
        if (!is_known(advice)) {
            return;  // refused before any memory is looked at
        }
        rows.push_back({name + " on protected memory", advise_protected, advice, limit_of(advice)});
        Limit partly = limit_of(advice);
        if (partly.where == Where::on_huge_pages) {
            partly = {};  // here it is about whole huge pages
        }
        if (partly.of == Limit::Of::unlocked) {
            partly.of = Limit::Of::any;
        }
        rows.push_back({name + " on partly locked memory", advise_partly_locked, advice, partly});
        rows.push_back({name + " with what the kernel refuses", advise_wrongly, advice});
    };
    for (long advice = -1; advice <= 30; ++advice) {
        add(advice);
    }
    // Not 100 and 101, which take pages from the machine for good.
    for (long advice = 102; advice <= 110; ++advice) {
        add(advice);
    }
    for (long advice = -1; advice <= 9; ++advice) {
        rows.push_back({"posix_madvise " + std::to_string(advice),
                        [](Twin& t, long value) {
                            t.posix_madvise(H, H, static_cast<int>(value));
                            t.posix_madvise(3, 2, static_cast<int>(value));
                            t.munmap(5, 1);
                            t.posix_madvise(3, 4, static_cast<int>(value));
                        },
                        advice});
    }
    return rows;
}

}  // namespace twins
