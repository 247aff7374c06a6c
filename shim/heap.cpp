#include "shim/heap.h"

#include "shim/next_allocator.h"
#include "shim/semantics.h"
#include "shim/substitution.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace hugepage::heap {
namespace {

std::optional<Range> allocation(const void* memory) noexcept {
    if (!semantics::concerns(memory, 1)) {
        return std::nullopt;
    }
    return substitution::internal::regions.allocation(reinterpret_cast<std::uintptr_t>(memory));
}

void unmap(const Range& range) noexcept {
    semantics::munmap(range.address(), range.length());
}

// A new place for what was elsewhere: of a file, or of the next allocator. Null and errno if there is none.
void* allocate(std::size_t bytes) noexcept {
    void* memory = try_allocate(bytes);
    if (memory == nullptr) {
        memory = next_allocator::malloc(bytes);
    }
    return memory == MAP_FAILED ? nullptr : memory;
}

void* move(const void* memory, std::size_t known, std::size_t bytes) noexcept {
    void* const fresh = allocate(bytes);
    if (fresh != nullptr) {
        std::memcpy(fresh, memory, std::min(known, bytes));
    }
    return fresh;
}

}  // namespace

void* try_allocate(std::size_t bytes, std::size_t alignment) noexcept {
    void* const memory = substitution::try_map({.address = nullptr,
                                                .length = bytes,
                                                .protection = PROT_READ | PROT_WRITE,
                                                .flags = MAP_PRIVATE | MAP_ANONYMOUS,
                                                .allocated = true});
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    if (memory != nullptr && memory != MAP_FAILED && begin % alignment != 0) {
        unmap({begin, begin + bytes});
        return nullptr;
    }
    return memory;
}

void free(void* memory) noexcept {
    if (const auto range = allocation(memory)) {
        unmap(*range);
    } else if (next_allocator::left_in_arena(memory) == 0) {
        next_allocator::free(memory);
    }
}

std::size_t usable_size(void* memory) noexcept {
    if (const auto range = allocation(memory)) {
        return range->length();
    }
    const std::size_t left = next_allocator::left_in_arena(memory);
    return left == 0 ? next_allocator::malloc_usable_size(memory) : std::min(left, kPageBytes);
}

void* realloc(void* memory, std::size_t bytes) noexcept {
    if (const auto range = allocation(memory)) {
        if (bytes > range->length() / 2 && bytes <= range->length()) {
            return memory;
        }
        void* const fresh = bytes == 0 ? nullptr : move(memory, range->length(), bytes);
        if (fresh != nullptr || bytes == 0) {
            unmap(*range);
        }
        return fresh;
    }
    if (const std::size_t left = next_allocator::left_in_arena(memory)) {
        return move(memory, left, bytes);
    }
    // Other memory grows to a file's size.
    if (bytes != 0) {
        if (void* const region = try_allocate(bytes)) {
            if (region == MAP_FAILED) {
                return nullptr;
            }
            if (memory != nullptr) {
                std::memcpy(region, memory, std::min(next_allocator::malloc_usable_size(memory), bytes));
                next_allocator::free(memory);
            }
            return region;
        }
    }
    return next_allocator::realloc(memory, bytes);
}

}  // namespace hugepage::heap
