// The C library's names, as the program calls them. Each only forwards: substitution decides, next is what
// would have been called without the shim.
//
// Not to be compiled with _FILE_OFFSET_BITS=64, which would rename mmap here.

#include "shim/next.h"
#include "shim/substitution.h"

#include <pthread.h>
#include <unistd.h>

namespace next = hugepage::next;
namespace substitution = hugepage::substitution;

namespace {

// Out of line, so that a call that isn't ours pays for a comparison and a jump and sets up no frame.
template <auto pass_on>
[[gnu::noinline]] void* consider(void* address, size_t length, int protection, int flags, int fd,
                                 off_t offset) noexcept {
    if (void* region = substitution::try_map({address, length, protection, flags, fd, offset})) {
        return region;
    }
    return pass_on(address, length, protection, flags, fd, offset);
}

[[gnu::noinline]] int forget_and_unmap(void* address, size_t length) noexcept {
    substitution::forget(address, length);
    return next::munmap(address, length);
}

}  // namespace

extern "C" {

[[gnu::visibility("default")]] void* mmap(void* address, size_t length, int protection, int flags, int fd,
                                          off_t offset) noexcept {
    if (substitution::may_serve(length)) [[unlikely]] {
        return consider<next::mmap>(address, length, protection, flags, fd, offset);
    }
    return next::mmap(address, length, protection, flags, fd, offset);
}

[[gnu::visibility("default")]] void* mmap64(void* address, size_t length, int protection, int flags, int fd,
                                            off64_t offset) noexcept {
    if (substitution::may_serve(length)) [[unlikely]] {
        return consider<next::mmap64>(address, length, protection, flags, fd, offset);
    }
    return next::mmap64(address, length, protection, flags, fd, offset);
}

[[gnu::visibility("default")]] int munmap(void* address, size_t length) noexcept {
    if (substitution::may_own()) [[unlikely]] {
        return forget_and_unmap(address, length);
    }
    return next::munmap(address, length);
}

}  // extern "C"

namespace {

[[gnu::constructor]] void on_load() noexcept {
    next::resolve();
    substitution::arm();
    if (substitution::is_armed()) {
        ::pthread_atfork(substitution::before_fork, substitution::after_fork, substitution::after_fork);
    }
}

}  // namespace
