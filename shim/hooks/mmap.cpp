// The C library's names, as the program calls them. Each only forwards: request gives memory, regions deals
// with calls on memory that was given, next is what would have been called without the shim.
//
// A call on other memory pays for a comparison or two and a jump. Not to be compiled with
// _FILE_OFFSET_BITS=64, which would rename mmap here.

#include "shim/base/next.h"
#include "shim/regions/calls.h"
#include "shim/request/request.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace next = hugepage::next;
namespace regions = hugepage::regions;
namespace request = hugepage::request;

namespace {

// Out of line, so that a call that isn't ours sets up no frame.
template <auto& pass_on>
[[gnu::noinline]] void* consider(void* address, size_t length, int protection, int flags, int fd,
                                 off_t offset) noexcept {
    const hugepage::MapRequest request{address, length, protection, flags, fd, offset};
    if ((flags & MAP_FIXED) != 0 && regions::may_touch(address, length)) {
        return regions::map_over(request, pass_on.function());
    }
    return request::memory_for(request, pass_on.function());
}

}  // namespace

extern "C" {

#define MAPPING_HOOK(name)                                                                             \
    [[gnu::visibility("default")]] void* name(void* address, size_t length, int protection, int flags, \
                                              int fd, off_t offset) noexcept {                         \
        if (request::may_serve(length) || (flags & MAP_FIXED) != 0) [[unlikely]]                       \
            return consider<next::name>(address, length, protection, flags, fd, offset);               \
        return next::name(address, length, protection, flags, fd, offset);                             \
    }
MAPPING_HOOK(mmap)
MAPPING_HOOK(mmap64)
#undef MAPPING_HOOK

// A call that may be about a region.
#define HOOK_IF(may_be, name, parameters, ...)           \
    [[gnu::visibility("default")]] int name parameters { \
        if (may_be) [[unlikely]]                         \
            return regions::name(__VA_ARGS__);           \
        return next::name(__VA_ARGS__);                  \
    }
#define HOOK(name, parameters, ...) \
    HOOK_IF(regions::may_touch(address, length), name, parameters, __VA_ARGS__)
HOOK(munmap, (void* address, size_t length) noexcept, address, length)
HOOK(mprotect, (void* address, size_t length, int protection) noexcept, address, length, protection)
HOOK(madvise, (void* address, size_t length, int advice) noexcept, address, length, advice)
HOOK(posix_madvise, (void* address, size_t length, int advice) noexcept, address, length, advice)
HOOK(mlock, (const void* address, size_t length) noexcept, address, length)
HOOK(mlock2, (const void* address, size_t length, unsigned flags) noexcept, address, length, flags)
HOOK(munlock, (const void* address, size_t length) noexcept, address, length)
HOOK(mincore, (void* address, size_t length, unsigned char* residence) noexcept, address, length, residence)
// A cancellation point, which may unwind.
HOOK(msync, (void* address, size_t length, int flags), address, length, flags)
// On all of the memory.
HOOK_IF(regions::may_touch(nullptr, SIZE_MAX), mlockall, (int flags) noexcept, flags)
HOOK_IF(regions::may_touch(nullptr, SIZE_MAX), munlockall, () noexcept, )
#undef HOOK
#undef HOOK_IF

// Declared as the C library's are, with `...` for the fifth argument, it would have to spill every register;
// on the 64-bit systems this is for, the argument is passed alike. It is only looked at with two of the
// flags.
[[gnu::visibility("default")]] void* remap(void* old_address, std::size_t old_length, std::size_t new_length,
                                           int flags, void* new_address) noexcept asm("mremap");

void* remap(void* old_address, std::size_t old_length, std::size_t new_length, int flags,
            void* new_address) noexcept {
    // With an old length of 0 it is about the mapping at that address; where it is to move to, regions
    // looks.
    if ((flags & MREMAP_FIXED) != 0 || regions::may_touch_from(old_address, old_length)) [[unlikely]] {
        return regions::mremap(old_address, old_length, new_length, flags, new_address);
    }
    return next::mremap(old_address, old_length, new_length, flags, new_address);
}

}  // extern "C"

namespace {

[[gnu::constructor]] void on_load() noexcept {
    next::resolve();
    request::arm();
}

}  // namespace
