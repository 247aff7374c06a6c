// Memory of a file for malloc and its kin, in the heap variant alone: a request of exactly a file's size is
// one for private anonymous memory of that size, and free is its munmap.
//
// What comes from a file begins a page. So does little else that an allocator gives, and free, which is
// called for everything, needs no more than a glance at the address.
//
// Any thread, at any time. errno is as the C library would leave it.
#pragma once

#include "shim/core/address_range.h"
#include "shim/core/function_ref.h"

#include <cstddef>
#include <cstdint>

namespace hugepage::heap {

// False means that it is certainly no memory of ours.
inline bool may_own(const void* memory) noexcept {
    return reinterpret_cast<std::uintptr_t>(memory) % kPageBytes == 0;
}

// Memory of a file, zeroed and so aligned, or what pass_on gives; null and ENOMEM if there is to be none.
[[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment, FunctionRef<void*()> pass_on) noexcept;

// For memory that may be ours, or null; the next allocator is asked if it isn't.
void free(void* memory) noexcept;
[[nodiscard]] std::size_t usable_size(void* memory) noexcept;

// For memory that may be ours, or a size that may be a file's. Memory of a file stays where it is while more
// than half of it is wanted: the rest would be of no use to anybody.
[[nodiscard]] void* realloc(void* memory, std::size_t bytes) noexcept;

}  // namespace hugepage::heap
