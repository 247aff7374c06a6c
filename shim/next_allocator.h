// The next allocator in the chain of preloaded libraries, the C library's or another: what malloc and its kin
// would be without the heap variant of the shim.
//
// Memory is asked for long before any constructor runs, by the dynamic loader first of all. So the names are
// looked up by whoever comes first, or by the constructor. What the look-up itself allocates comes from a
// small arena here, in whole pages, which is never given back.
//
// Any thread, at any time; none of these adds anything of its own once the names are known.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hugepage::next_allocator {

// Looks the names up. False to the thread that is doing just that.
bool resolve() noexcept;

#pragma GCC visibility push(hidden)  // next.h says why
namespace internal {

// Whoever reads one of these meanwhile gets the old function or the new one, and either is right: relaxed is
// enough.
extern constinit std::atomic<void* (*)(std::size_t)> malloc;
extern constinit std::atomic<void* (*)(std::size_t, std::size_t)> calloc;
extern constinit std::atomic<void* (*)(void*, std::size_t)> realloc;
extern constinit std::atomic<void (*)(void*)> free;
extern constinit std::atomic<int (*)(void**, std::size_t, std::size_t)> posix_memalign;
extern constinit std::atomic<void* (*)(std::size_t, std::size_t)> aligned_alloc;
extern constinit std::atomic<void* (*)(std::size_t, std::size_t)> memalign;
extern constinit std::atomic<std::size_t (*)(void*)> malloc_usable_size;

}  // namespace internal
#pragma GCC visibility pop

inline void* malloc(std::size_t bytes) noexcept {
    return internal::malloc.load(std::memory_order_relaxed)(bytes);
}
inline void* calloc(std::size_t count, std::size_t bytes) noexcept {
    return internal::calloc.load(std::memory_order_relaxed)(count, bytes);
}
inline void* realloc(void* memory, std::size_t bytes) noexcept {
    return internal::realloc.load(std::memory_order_relaxed)(memory, bytes);
}
inline void free(void* memory) noexcept {
    internal::free.load(std::memory_order_relaxed)(memory);
}
inline int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) noexcept {
    return internal::posix_memalign.load(std::memory_order_relaxed)(memory, alignment, bytes);
}
inline void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
    return internal::aligned_alloc.load(std::memory_order_relaxed)(alignment, bytes);
}
inline void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
    return internal::memalign.load(std::memory_order_relaxed)(alignment, bytes);
}
inline std::size_t malloc_usable_size(void* memory) noexcept {
    return internal::malloc_usable_size.load(std::memory_order_relaxed)(memory);
}

// How much of the arena there is from here on; 0 for memory that is not in it.
[[nodiscard]] std::size_t left_in_arena(const void* memory) noexcept;

}  // namespace hugepage::next_allocator
