// What stands behind the shim: the next function of each name in the chain of preloaded libraries, and below
// that the bare system call.
//
// mmap and munmap here go down the chain, so that other preloaded libraries see what they would see without
// the shim. They are never looked up on a request: until resolve() has run, and for a name that nobody else
// defines, they are the system call. Both report as the C library does, by MAP_FAILED or -1 and errno.
#pragma once

#include "shim/map_request.h"

#include <cstddef>

namespace hugepage::next {

// Looks the names up. Once, from the library's constructor: dlsym may allocate.
void resolve() noexcept;

void* mmap(const MapRequest& request) noexcept;
void* mmap64(const MapRequest& request) noexcept;
int munmap(void* address, std::size_t length) noexcept;

// For the shim's own mappings.
namespace kernel {
void* mmap(const MapRequest& request) noexcept;
int munmap(void* address, std::size_t length) noexcept;
int madvise(void* address, std::size_t length, int advice) noexcept;
}  // namespace kernel

}  // namespace hugepage::next
