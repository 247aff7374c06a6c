// The C library's names, as the program calls them. Each only forwards: substitution gives memory, semantics
// deals with calls on memory that was given, next is what would have been called without the shim.
//
// A call on other memory pays for a comparison or two and a jump. Not to be compiled with
// _FILE_OFFSET_BITS=64, which would rename mmap here.

#include "shim/next.h"
#include "shim/semantics.h"
#include "shim/substitution.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace next = hugepage::next;
namespace semantics = hugepage::semantics;
namespace substitution = hugepage::substitution;

namespace {

// Out of line, so that a call that isn't ours sets up no frame.
template <auto& pass_on>
[[gnu::noinline]] void* consider(void* address, size_t length, int protection, int flags, int fd,
                                 off_t offset) noexcept {
    const hugepage::MapRequest request{address, length, protection, flags, fd, offset};
    if ((flags & MAP_FIXED) != 0 && semantics::concerns(address, length)) {
        return semantics::map_over(request, pass_on.function());
    }
    return substitution::memory_for(request, pass_on.function());
}

}  // namespace

extern "C" {

[[gnu::visibility("default")]] void* mmap(void* address, size_t length, int protection, int flags, int fd,
                                          off_t offset) noexcept {
    if (substitution::may_serve(length) || (flags & MAP_FIXED) != 0) [[unlikely]] {
        return consider<next::mmap>(address, length, protection, flags, fd, offset);
    }
    return next::mmap(address, length, protection, flags, fd, offset);
}

[[gnu::visibility("default")]] void* mmap64(void* address, size_t length, int protection, int flags, int fd,
                                            off64_t offset) noexcept {
    if (substitution::may_serve(length) || (flags & MAP_FIXED) != 0) [[unlikely]] {
        return consider<next::mmap64>(address, length, protection, flags, fd, offset);
    }
    return next::mmap64(address, length, protection, flags, fd, offset);
}

[[gnu::visibility("default")]] int munmap(void* address, size_t length) noexcept {
    if (semantics::concerns(address, length)) [[unlikely]] {
        return semantics::munmap(address, length);
    }
    return next::munmap(address, length);
}

// Declared as the C library's are, with `...` for the fifth argument, it would have to spill every register;
// on the 64-bit systems this is for, the argument is passed alike. It is only looked at with two of the
// flags.
[[gnu::visibility("default")]] void* remap(void* old_address, std::size_t old_length, std::size_t new_length,
                                           int flags, void* new_address) noexcept asm("mremap");

void* remap(void* old_address, std::size_t old_length, std::size_t new_length, int flags,
            void* new_address) noexcept {
    // With an old length of 0 it is about the mapping at that address; where it is to move to, semantics
    // looks.
    if ((flags & MREMAP_FIXED) != 0 || semantics::concerns_from(old_address, old_length)) [[unlikely]] {
        return semantics::mremap(old_address, old_length, new_length, flags, new_address);
    }
    return next::mremap(old_address, old_length, new_length, flags, new_address);
}

[[gnu::visibility("default")]] int mprotect(void* address, size_t length, int protection) noexcept {
    if (semantics::concerns(address, length)) [[unlikely]] {
        return semantics::mprotect(address, length, protection);
    }
    return next::mprotect(address, length, protection);
}

[[gnu::visibility("default")]] int madvise(void* address, size_t length, int advice) noexcept {
    if (semantics::concerns(address, length)) [[unlikely]] {
        return semantics::madvise(address, length, advice);
    }
    return next::madvise(address, length, advice);
}

[[gnu::visibility("default")]] int posix_madvise(void* address, size_t length, int advice) noexcept {
    if (semantics::concerns(address, length)) [[unlikely]] {
        return semantics::posix_madvise(address, length, advice);
    }
    return next::posix_madvise(address, length, advice);
}

[[gnu::visibility("default")]] int mlock(const void* address, size_t length) noexcept {
    if (semantics::concerns(address, length)) [[unlikely]] {
        return semantics::mlock(address, length);
    }
    return next::mlock(address, length);
}

[[gnu::visibility("default")]] int mlock2(const void* address, size_t length, unsigned flags) noexcept {
    if (semantics::concerns(address, length)) [[unlikely]] {
        return semantics::mlock2(address, length, flags);
    }
    return next::mlock2(address, length, flags);
}

[[gnu::visibility("default")]] int munlock(const void* address, size_t length) noexcept {
    if (semantics::concerns(address, length)) [[unlikely]] {
        return semantics::munlock(address, length);
    }
    return next::munlock(address, length);
}

[[gnu::visibility("default")]] int mlockall(int flags) noexcept {
    if (semantics::concerns(nullptr, SIZE_MAX)) [[unlikely]] {
        return semantics::mlockall(flags);
    }
    return next::mlockall(flags);
}

[[gnu::visibility("default")]] int munlockall() noexcept {
    if (semantics::concerns(nullptr, SIZE_MAX)) [[unlikely]] {
        return semantics::munlockall();
    }
    return next::munlockall();
}

// A cancellation point, so not noexcept.
[[gnu::visibility("default")]] int msync(void* address, size_t length, int flags) {
    if (semantics::concerns(address, length)) [[unlikely]] {
        return semantics::msync(address, length, flags);
    }
    return next::msync(address, length, flags);
}

[[gnu::visibility("default")]] int mincore(void* address, size_t length, unsigned char* residence) noexcept {
    if (semantics::concerns(address, length)) [[unlikely]] {
        return semantics::mincore(address, length, residence);
    }
    return next::mincore(address, length, residence);
}

}  // extern "C"

namespace {

[[gnu::constructor]] void on_load() noexcept {
    next::resolve();
    substitution::arm();
}

}  // namespace
