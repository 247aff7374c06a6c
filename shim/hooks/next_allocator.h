// The next allocator in the chain of preloaded libraries, the C library's or another: what malloc and its kin
// would be without the heap variant of the shim.
//
// Memory is asked for long before any constructor runs, by the dynamic loader first of all. So the names are
// looked up by whoever comes first, or by the constructor. The look-up allocates nothing.
//
// Any thread, at any time; none of these adds anything of its own once the names are known.
#pragma once

#include "shim/base/next.h"

#include <cstddef>

namespace hugepage::next_allocator {

// Looks the names up.
void resolve() noexcept;

#pragma GCC visibility push(hidden)  // next.h says why
extern constinit next::Link<void*(std::size_t bytes)> malloc;
extern constinit next::Link<void*(std::size_t count, std::size_t bytes)> calloc;
extern constinit next::Link<void*(void* memory, std::size_t bytes)> realloc;
extern constinit next::Link<void(void* memory)> free;
extern constinit next::Link<int(void** memory, std::size_t alignment, std::size_t bytes)> posix_memalign;
extern constinit next::Link<void*(std::size_t alignment, std::size_t bytes)> aligned_alloc;
extern constinit next::Link<void*(std::size_t alignment, std::size_t bytes)> memalign;
extern constinit next::Link<std::size_t(void* memory)> malloc_usable_size;
#pragma GCC visibility pop

}  // namespace hugepage::next_allocator
