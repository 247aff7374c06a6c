#include "shim/next.h"

#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hugepage::next {
namespace {

void* mmap_call(void* address, std::size_t length, int protection, int flags, int fd, off_t offset) noexcept {
    return reinterpret_cast<void*>(::syscall(SYS_mmap, address, length, protection, flags, fd, offset));
}

int munmap_call(void* address, std::size_t length) noexcept {
    return static_cast<int>(::syscall(SYS_munmap, address, length));
}

template <class Function>
void look_up(const char* name, std::atomic<Function*>& function) noexcept {
    if (void* found = ::dlsym(RTLD_NEXT, name)) {
        function.store(reinterpret_cast<Function*>(found), std::memory_order_relaxed);
    }
}

}  // namespace

namespace internal {

constinit std::atomic<MapFunction*> mmap{&mmap_call};
constinit std::atomic<MapFunction*> mmap64{&mmap_call};
constinit std::atomic<UnmapFunction*> munmap{&munmap_call};

}  // namespace internal

void resolve() noexcept {
    look_up("mmap", internal::mmap);
    look_up("mmap64", internal::mmap64);
    look_up("munmap", internal::munmap);
}

namespace kernel {

void* mmap(const MapRequest& request) noexcept {
    return mmap_call(request.address, request.length, request.protection, request.flags, request.fd,
                     request.offset);
}
int munmap(void* address, std::size_t length) noexcept {
    return munmap_call(address, length);
}
int madvise(void* address, std::size_t length, int advice) noexcept {
    return static_cast<int>(::syscall(SYS_madvise, address, length, advice));
}

}  // namespace kernel
}  // namespace hugepage::next
