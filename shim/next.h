// What stands behind the shim: the next function of each name in the chain of preloaded libraries, and below
// that the bare system call.
//
// The functions here go down the chain, so that other preloaded libraries see what they would see without the
// shim. They are never looked up on a request: until resolve() has run, and if nobody but the C library
// stands behind the shim, they are the system call. All report as the C library does, by MAP_FAILED or -1 and
// errno.
#pragma once

#include "shim/map_request.h"

#include <sys/types.h>

#include <atomic>
#include <cstddef>

namespace hugepage::next {

// Looks the names up, if there is anybody to find. Once, from the library's constructor: dlsym may allocate.
void resolve() noexcept;

// The next function of any name; null if there is none. By dlsym.
[[nodiscard]] void* find(const char* name) noexcept;

// Hidden, so that no detour by the offset table leads to them.
#pragma GCC visibility push(hidden)
namespace internal {

using MapFunction = void*(void*, std::size_t, int, int, int, off_t);
// The fifth argument is one of the C function's `...`, which on the 64-bit systems this is for is passed
// alike.
using RemapFunction = void*(void*, std::size_t, std::size_t, int, void*);
using RangeFunction = int(void*, std::size_t);
using ConstRangeFunction = int(const void*, std::size_t);
using AdviceFunction = int(void*, std::size_t, int);
using LockFunction = int(const void*, std::size_t, unsigned);
using ResidenceFunction = int(void*, std::size_t, unsigned char*);
static_assert(sizeof(off_t) == 8,
              "mmap and mmap64 take the same arguments on the 64-bit systems this is for");

// Whoever reads one of these meanwhile gets the old function or the new one, and either is right: relaxed is
// enough.
extern constinit std::atomic<MapFunction*> mmap;
extern constinit std::atomic<MapFunction*> mmap64;
extern constinit std::atomic<RangeFunction*> munmap;
extern constinit std::atomic<RemapFunction*> mremap;
extern constinit std::atomic<AdviceFunction*> madvise;
extern constinit std::atomic<AdviceFunction*> posix_madvise;
extern constinit std::atomic<AdviceFunction*> mprotect;
extern constinit std::atomic<AdviceFunction*> msync;
extern constinit std::atomic<ConstRangeFunction*> mlock;
extern constinit std::atomic<LockFunction*> mlock2;
extern constinit std::atomic<ConstRangeFunction*> munlock;
extern constinit std::atomic<int (*)(int)> mlockall;
extern constinit std::atomic<int (*)()> munlockall;
extern constinit std::atomic<ResidenceFunction*> mincore;

}  // namespace internal
#pragma GCC visibility pop

inline void* mmap(void* address, std::size_t length, int protection, int flags, int fd,
                  off_t offset) noexcept {
    return internal::mmap.load(std::memory_order_relaxed)(address, length, protection, flags, fd, offset);
}
inline void* mmap64(void* address, std::size_t length, int protection, int flags, int fd,
                    off_t offset) noexcept {
    return internal::mmap64.load(std::memory_order_relaxed)(address, length, protection, flags, fd, offset);
}
inline int munmap(void* address, std::size_t length) noexcept {
    return internal::munmap.load(std::memory_order_relaxed)(address, length);
}
inline void* mremap(void* old_address, std::size_t old_length, std::size_t new_length, int flags,
                    void* new_address) noexcept {
    return internal::mremap.load(std::memory_order_relaxed)(old_address, old_length, new_length, flags,
                                                            new_address);
}
inline int madvise(void* address, std::size_t length, int advice) noexcept {
    return internal::madvise.load(std::memory_order_relaxed)(address, length, advice);
}
// Returns the error, as POSIX has it.
inline int posix_madvise(void* address, std::size_t length, int advice) noexcept {
    return internal::posix_madvise.load(std::memory_order_relaxed)(address, length, advice);
}
inline int mprotect(void* address, std::size_t length, int protection) noexcept {
    return internal::mprotect.load(std::memory_order_relaxed)(address, length, protection);
}
// A cancellation point, so not noexcept.
inline int msync(void* address, std::size_t length, int flags) {
    return internal::msync.load(std::memory_order_relaxed)(address, length, flags);
}
inline int mlock(const void* address, std::size_t length) noexcept {
    return internal::mlock.load(std::memory_order_relaxed)(address, length);
}
inline int mlock2(const void* address, std::size_t length, unsigned flags) noexcept {
    return internal::mlock2.load(std::memory_order_relaxed)(address, length, flags);
}
inline int munlock(const void* address, std::size_t length) noexcept {
    return internal::munlock.load(std::memory_order_relaxed)(address, length);
}
inline int mlockall(int flags) noexcept {
    return internal::mlockall.load(std::memory_order_relaxed)(flags);
}
inline int munlockall() noexcept {
    return internal::munlockall.load(std::memory_order_relaxed)();
}
inline int mincore(void* address, std::size_t length, unsigned char* residence) noexcept {
    return internal::mincore.load(std::memory_order_relaxed)(address, length, residence);
}

// For the shim's own mappings.
namespace kernel {
void* mmap(const MapRequest& request) noexcept;
int munmap(void* address, std::size_t length) noexcept;
// The same length, to just there.
void* mremap(void* old_address, std::size_t length, void* new_address) noexcept;
int madvise(void* address, std::size_t length, int advice) noexcept;
int mprotect(void* address, std::size_t length, int protection) noexcept;
}  // namespace kernel

}  // namespace hugepage::next
