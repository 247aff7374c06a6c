#include "shim/heap.h"

#include "shim/next_allocator.h"
#include "shim/semantics.h"
#include "shim/substitution.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
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

void* move(const void* memory, std::size_t known, std::size_t bytes) noexcept {
    void* const fresh = allocate(bytes, 1, [bytes] { return next_allocator::malloc(bytes); });
    if (fresh != nullptr) {
        std::memcpy(fresh, memory, std::min(known, bytes));
    }
    return fresh;
}

}  // namespace

void* allocate(std::size_t bytes, std::size_t alignment, FunctionRef<void*()> pass_on) noexcept {
    if (!std::has_single_bit(alignment)) {
        return pass_on();
    }
    void* const memory = substitution::get({.address = nullptr,
                                            .length = bytes,
                                            .protection = PROT_READ | PROT_WRITE,
                                            .flags = MAP_PRIVATE | MAP_ANONYMOUS,
                                            .allocated = true},
                                           pass_on);
    if (memory == MAP_FAILED) {
        return nullptr;
    }
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    if (begin % alignment != 0) {  // a file's, on pages smaller than that
        unmap({begin, begin + bytes});
        return pass_on();
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
    // Other memory, or none, may grow to a file's size.
    bool is_passed_on = false;
    void* const fresh = allocate(bytes, 1, [&] {
        is_passed_on = true;
        return next_allocator::realloc(memory, bytes);
    });
    if (!is_passed_on && fresh != nullptr && memory != nullptr) {
        std::memcpy(fresh, memory, std::min(next_allocator::malloc_usable_size(memory), bytes));
        next_allocator::free(memory);
    }
    return fresh;
}

}  // namespace hugepage::heap
