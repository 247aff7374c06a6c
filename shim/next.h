// What stands behind the shim: the next function of each name in the chain of preloaded libraries, and below
// that the bare system call.
//
// mmap, mmap64 and munmap here go down the chain, so that other preloaded libraries see what they would see
// without the shim. They are never looked up on a request: until resolve() has run, and for a name that
// nobody else defines, they are the system call. All report as the C library does, by MAP_FAILED or -1 and
// errno.
#pragma once

#include "shim/map_request.h"

#include <sys/types.h>

#include <atomic>
#include <cstddef>

namespace hugepage::next {

// Looks the names up. Once, from the library's constructor: dlsym may allocate.
void resolve() noexcept;

namespace internal {

using MapFunction = void*(void*, std::size_t, int, int, int, off_t);
using UnmapFunction = int(void*, std::size_t);
static_assert(sizeof(off_t) == 8,
              "mmap and mmap64 take the same arguments on the 64-bit systems this is for");

// Whoever reads one of these meanwhile gets the old function or the new one, and either is right: relaxed is
// enough.
extern constinit std::atomic<MapFunction*> mmap;
extern constinit std::atomic<MapFunction*> mmap64;
extern constinit std::atomic<UnmapFunction*> munmap;

}  // namespace internal

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

// For the shim's own mappings.
namespace kernel {
void* mmap(const MapRequest& request) noexcept;
int munmap(void* address, std::size_t length) noexcept;
int madvise(void* address, std::size_t length, int advice) noexcept;
}  // namespace kernel

}  // namespace hugepage::next
