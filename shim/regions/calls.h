// Makes the calls on a region behave as on the anonymous memory that its owner asked for: hugetlbfs and
// shared memory know less, and some things otherwise.
//
// Every function takes the C function's arguments and answers as it does: -1 or MAP_FAILED and errno, which
// is kept on success. A range may hold regions and anything else, in any order: what is no region's goes to
// the next function in the chain, piece by piece in the order of addresses, and the first refusal ends the
// call as it does in the kernel. What the kernel refuses by its arguments alone (not at a page, an overflow,
// an unknown flag), it is asked itself.
//
//   calls.cpp    munmap, MAP_FIXED over a region, mprotect, msync, mincore, mlock and its like
//   advice.cpp   madvise, posix_madvise
//   move.cpp     mremap
#pragma once

#include "shim/base/next.h"
#include "shim/base/range.h"
#include "shim/base/region_table.h"

#include <cstddef>
#include <cstdint>

namespace hugepage::regions {

// What a call on other memory pays.
inline bool may_touch(const void* address, std::size_t length) noexcept {
    return state::regions.may_concern(reinterpret_cast<std::uintptr_t>(address), length);
}

// The same for mremap, which is about the mapping at an address also if the length is 0 or overflows.
inline bool may_touch_from(const void* address, std::size_t length) noexcept {
    return state::regions.may_concern_from(reinterpret_cast<std::uintptr_t>(address), length);
}

int munmap(void* address, std::size_t length) noexcept;
int mprotect(void* address, std::size_t length, int protection) noexcept;
int msync(void* address, std::size_t length, int flags);
int mincore(void* address, std::size_t length, unsigned char* residence) noexcept;

// A request with MAP_FIXED; pass_on is the next mmap.
void* map_over(const MapRequest& request, next::Mmap* pass_on) noexcept;

int mlock(const void* address, std::size_t length) noexcept;
int mlock2(const void* address, std::size_t length, unsigned flags) noexcept;
int munlock(const void* address, std::size_t length) noexcept;
int mlockall(int flags) noexcept;
int munlockall() noexcept;

int madvise(void* address, std::size_t length, int advice) noexcept;
int posix_madvise(void* address, std::size_t length, int advice) noexcept;

// new_address is only looked at with MREMAP_FIXED or MREMAP_DONTUNMAP.
void* mremap(void* old_address, std::size_t old_length, std::size_t new_length, int flags,
             void* new_address) noexcept;

}  // namespace hugepage::regions
