// The C library's names, as the program calls them. Each only forwards: substitution decides, next is what
// would have been called without the shim.
//
// Not to be compiled with _FILE_OFFSET_BITS=64, which would rename mmap here.

#include "shim/map_request.h"
#include "shim/next.h"
#include "shim/substitution.h"

#include <pthread.h>
#include <unistd.h>

namespace next = hugepage::next;
namespace substitution = hugepage::substitution;
using hugepage::MapRequest;

extern "C" {

[[gnu::visibility("default")]] void* mmap(void* address, size_t length, int protection, int flags, int fd,
                                          off_t offset) noexcept {
    const MapRequest request{address, length, protection, flags, fd, offset};
    if (substitution::may_serve(length)) [[unlikely]] {
        if (void* region = substitution::try_map(request)) {
            return region;
        }
    }
    return next::mmap(request);
}

[[gnu::visibility("default")]] void* mmap64(void* address, size_t length, int protection, int flags, int fd,
                                            off64_t offset) noexcept {
    const MapRequest request{address, length, protection, flags, fd, offset};
    if (substitution::may_serve(length)) [[unlikely]] {
        if (void* region = substitution::try_map(request)) {
            return region;
        }
    }
    return next::mmap64(request);
}

[[gnu::visibility("default")]] int munmap(void* address, size_t length) noexcept {
    if (substitution::may_own(address, length)) [[unlikely]] {
        substitution::forget(address, length);
    }
    return next::munmap(address, length);
}

}  // extern "C"

namespace {

[[gnu::constructor]] void on_load() noexcept {
    next::resolve();
    substitution::arm();
    if (substitution::is_armed()) {
        ::pthread_atfork([] { substitution::internal::regions.before_fork(); },
                         [] { substitution::internal::regions.after_fork(); },
                         [] { substitution::internal::regions.after_fork(); });
    }
}

}  // namespace
