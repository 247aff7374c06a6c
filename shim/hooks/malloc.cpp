// malloc and related calls, as the program calls them; in libhugepage_shim_heap.so alone. Each only forwards:
// heap deals with a file's size and with memory that came from a file, the next allocator with all else,
// which pays for a comparison and a jump.

#include "shim/base/sys.h"
#include "shim/hooks/heap.h"
#include "shim/hooks/next_allocator.h"
#include "shim/request/request.h"

#include <sys/mman.h>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace heap = hugepage::heap;
namespace next = hugepage::next_allocator;

using hugepage::request::may_serve;

namespace {

// Out of line, so that a call that isn't ours sets up no frame.
template <auto& pass_on, class... Arguments>
[[gnu::noinline]] void* consider(std::size_t bytes, std::size_t alignment, Arguments... arguments) noexcept {
    const auto memory = heap::allocate(bytes, alignment);
    return memory ? *memory : pass_on(arguments...);
}

}  // namespace

extern "C" {

[[gnu::visibility("default")]] void* malloc(std::size_t bytes) noexcept {
    if (may_serve(bytes)) [[unlikely]] {
        return consider<next::malloc>(bytes, 1, bytes);
    }
    return next::malloc(bytes);
}

[[gnu::visibility("default")]] void* calloc(std::size_t count, std::size_t bytes) noexcept {
    std::size_t product = 0;
    if (!__builtin_mul_overflow(count, bytes, &product) && may_serve(product)) [[unlikely]] {
        return consider<next::calloc>(product, 1, count, bytes);
    }
    return next::calloc(count, bytes);
}

[[gnu::visibility("default")]] void* realloc(void* memory, std::size_t bytes) noexcept {
    if (heap::may_own(memory) || may_serve(bytes)) [[unlikely]] {
        return heap::realloc(memory, bytes);
    }
    return next::realloc(memory, bytes);
}

// Some allocators have one that doesn't come by realloc, and would take memory of a file for their own. The
// realloc is whichever the program has: that of the allocator before us, if there is one.
[[gnu::visibility("default")]] void* reallocarray(void* memory, std::size_t count,
                                                  std::size_t bytes) noexcept {
    std::size_t product = 0;
    if (__builtin_mul_overflow(count, bytes, &product)) {
        errno = ENOMEM;
        return nullptr;
    }
    return realloc(memory, product);
}

[[gnu::visibility("default")]] void free(void* memory) noexcept {
    if (heap::may_own(memory)) [[unlikely]] {
        return heap::free(memory);
    }
    next::free(memory);
}

// C23's. As with reallocarray, the free is whichever the program has.
[[gnu::visibility("default")]] void free_sized(void* memory, std::size_t /*bytes*/) noexcept {
    free(memory);
}

[[gnu::visibility("default")]] void free_aligned_sized(void* memory, std::size_t /*alignment*/,
                                                       std::size_t /*bytes*/) noexcept {
    free(memory);
}

// errno is not this one's to say anything by.
[[gnu::visibility("default")]] int posix_memalign(void** memory, std::size_t alignment,
                                                  std::size_t bytes) noexcept {
    if (may_serve(bytes) && std::has_single_bit(alignment) && alignment >= sizeof(void*)) [[unlikely]] {
        const hugepage::ErrnoGuard guard;
        if (const auto got = heap::allocate(bytes, alignment)) {
            if (*got == nullptr) {
                return ENOMEM;
            }
            *memory = *got;
            return 0;
        }
    }
    return next::posix_memalign(memory, alignment, bytes);
}

[[gnu::visibility("default")]] void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
    if (may_serve(bytes)) [[unlikely]] {
        return consider<next::aligned_alloc>(bytes, alignment, alignment, bytes);
    }
    return next::aligned_alloc(alignment, bytes);
}

[[gnu::visibility("default")]] void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
    if (may_serve(bytes)) [[unlikely]] {
        return consider<next::memalign>(bytes, alignment, alignment, bytes);
    }
    return next::memalign(alignment, bytes);
}

[[gnu::visibility("default")]] std::size_t malloc_usable_size(void* memory) noexcept {
    if (heap::may_own(memory)) [[unlikely]] {
        return heap::usable_size(memory);
    }
    return next::malloc_usable_size(memory);
}

}  // extern "C"

namespace {

[[gnu::constructor]] void on_load() noexcept {
    next::resolve();
}

}  // namespace
