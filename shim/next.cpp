#include "shim/next.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace hugepage::next {
namespace {

using MapFunction = void*(void*, std::size_t, int, int, int, off_t);
using UnmapFunction = int(void*, std::size_t);

static_assert(sizeof(off_t) == 8,
              "mmap and mmap64 take the same arguments on the 64-bit systems this is for");

void* mmap_call(void* address, std::size_t length, int protection, int flags, int fd, off_t offset) noexcept {
    return reinterpret_cast<void*>(::syscall(SYS_mmap, address, length, protection, flags, fd, offset));
}

int munmap_call(void* address, std::size_t length) noexcept {
    return static_cast<int>(::syscall(SYS_munmap, address, length));
}

// Two threads may store the same pointers; either order is right, so relaxed is enough.
constinit std::atomic<MapFunction*> next_mmap{&mmap_call};
constinit std::atomic<MapFunction*> next_mmap64{&mmap_call};
constinit std::atomic<UnmapFunction*> next_munmap{&munmap_call};

template <class Function>
void look_up(const char* name, std::atomic<Function*>& function) noexcept {
    if (void* found = ::dlsym(RTLD_NEXT, name)) {
        function.store(reinterpret_cast<Function*>(found), std::memory_order_relaxed);
    }
}

void* call(const std::atomic<MapFunction*>& function, const MapRequest& request) noexcept {
    return function.load(std::memory_order_relaxed)(request.address, request.length, request.protection,
                                                    request.flags, request.fd, request.offset);
}

}  // namespace

void resolve() noexcept {
    look_up("mmap", next_mmap);
    look_up("mmap64", next_mmap64);
    look_up("munmap", next_munmap);
}

void* mmap(const MapRequest& request) noexcept {
    return call(next_mmap, request);
}
void* mmap64(const MapRequest& request) noexcept {
    return call(next_mmap64, request);
}
int munmap(void* address, std::size_t length) noexcept {
    return next_munmap.load(std::memory_order_relaxed)(address, length);
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
