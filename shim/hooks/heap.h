// Memory of a file for malloc and related calls, in the heap variant alone: a request of exactly a file's
// size is one for private anonymous memory of that size, and free is its munmap.
//
// It lies in a window of addresses that the kernel chooses for nobody, so "is this ours" is a comparison. The
// window is cut into slots; which are taken, and for how many bytes, is ordinary memory of the process: so a
// child may free what its parent was given, whether it has that memory or not. Of the window only what is
// taken is mapped: it counts against limits of address space, and of locked memory (mlockall).
//
// A request that no file serves gets a mapping in the window too, if it is so large that the C library would
// map it for itself as well: that begins a page (the C library's begins 16 bytes past one, where half of all
// labels lie across two cache lines), and can be of huge pages from end to end. It is ordinary private
// memory.
//
// Any thread, at any time. errno is as the C library would leave it.
#pragma once

#include "shim/base/range.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace hugepage::heap {

// False means that it is certainly no memory of ours. Little else that an allocator gives begins a page, and
// most calls of free need no more than that.
inline bool may_own(const void* memory) noexcept {
    return reinterpret_cast<std::uintptr_t>(memory) % kLeastPageBytes == 0;
}

// Memory of a file, zeroed and so aligned; null and ENOMEM if there is to be none; nothing if the next
// allocator is to be asked.
[[nodiscard]] std::optional<void*> allocate(std::size_t bytes, std::size_t alignment) noexcept;

// For memory that may be ours, or null; the next allocator is asked if it isn't.
void free(void* memory) noexcept;
[[nodiscard]] std::size_t usable_size(void* memory) noexcept;

// For memory that may be ours, or a size that may be a file's. Memory of a file stays where it is while more
// than half of it is wanted: the rest would be of no use to anybody.
[[nodiscard]] void* realloc(void* memory, std::size_t bytes) noexcept;

}  // namespace hugepage::heap
