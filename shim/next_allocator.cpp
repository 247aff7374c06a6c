#include "shim/next_allocator.h"

#include "shim/next.h"

#include <dlfcn.h>

#include <cerrno>
#include <cstring>

namespace hugepage::next_allocator {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kArenaPages = 64;

// Pages, so that memory that begins within a page is never taken for the arena's, by a glance at its address.
alignas(kPage) constinit unsigned char arena[kArenaPages * kPage];
constinit std::atomic<std::size_t> pages_taken{0};

void* take_pages(std::size_t bytes) noexcept {
    const std::size_t pages = bytes / kPage + 1;
    if (pages <= kArenaPages) {
        const std::size_t first = pages_taken.fetch_add(pages, std::memory_order_relaxed);
        if (first + pages <= kArenaPages) {
            return arena + first * kPage;
        }
    }
    errno = ENOMEM;
    return nullptr;
}

// What the functions are while the names are looked up, and those that no library has.
void* arena_malloc(std::size_t bytes) noexcept {
    return take_pages(bytes);
}

void* arena_calloc(std::size_t count, std::size_t bytes) noexcept {
    std::size_t product = 0;
    return take_pages(__builtin_mul_overflow(count, bytes, &product) ? SIZE_MAX : product);
}

void* arena_realloc(void* memory, std::size_t bytes) noexcept {
    void* fresh = take_pages(bytes);
    if (fresh != nullptr && memory != nullptr) {
        const std::size_t known = left_in_arena(memory);
        std::memcpy(fresh, memory, bytes < known ? bytes : known);
    }
    return fresh;
}

void arena_free(void* /*memory*/) noexcept {}

void* arena_aligned(std::size_t alignment, std::size_t bytes) noexcept {
    return take_pages(alignment <= kPage ? bytes : SIZE_MAX);
}

int arena_posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) noexcept {
    const int before = errno;
    void* const pages = arena_aligned(alignment, bytes);
    errno = before;
    if (pages == nullptr) {
        return ENOMEM;
    }
    *memory = pages;
    return 0;
}

std::size_t arena_usable_size(void* memory) noexcept {
    return left_in_arena(memory) == 0 ? 0 : kPage;
}

// Before the names are known: looks them up, and is the function that was found.
template <auto& function, auto in_arena, class... Arguments>
auto early(Arguments... arguments) noexcept {
    return resolve() ? function.load(std::memory_order_relaxed)(arguments...) : in_arena(arguments...);
}

// Its own thread's look-up may come back to malloc. By initial-exec, so no call allocates for it.
constinit thread_local bool is_looking_up = false;

// Where another library's dlsym finds nothing but this library, it is the C library's function: by the
// versions that x86-64 and aarch64 have of these names.
template <class Function>
Function* look_up(const char* name, Function* in_arena) noexcept {
    void* found = next::find(name);
    for (const char* version : {"GLIBC_2.2.5", "GLIBC_2.16", "GLIBC_2.17"}) {
        found = found == nullptr ? ::dlvsym(RTLD_NEXT, name, version) : found;
    }
    return found == nullptr ? in_arena : reinterpret_cast<Function*>(found);
}

}  // namespace

namespace internal {

using std::size_t;

constinit std::atomic<void* (*)(size_t)> malloc{&early<malloc, arena_malloc, size_t>};
constinit std::atomic<void* (*)(size_t, size_t)> calloc{&early<calloc, arena_calloc, size_t, size_t>};
constinit std::atomic<void* (*)(void*, size_t)> realloc{&early<realloc, arena_realloc, void*, size_t>};
constinit std::atomic<void (*)(void*)> free{&early<free, arena_free, void*>};
constinit std::atomic<int (*)(void**, size_t, size_t)> posix_memalign{
    &early<posix_memalign, arena_posix_memalign, void**, size_t, size_t>};
constinit std::atomic<void* (*)(size_t, size_t)> aligned_alloc{
    &early<aligned_alloc, arena_aligned, size_t, size_t>};
constinit std::atomic<void* (*)(size_t, size_t)> memalign{&early<memalign, arena_aligned, size_t, size_t>};
constinit std::atomic<size_t (*)(void*)> malloc_usable_size{
    &early<malloc_usable_size, arena_usable_size, void*>};

}  // namespace internal

bool resolve() noexcept {
    if (is_looking_up) {
        return false;
    }
    is_looking_up = true;
    // All are found before any is used: until then this thread has no memory but the arena's.
    auto* const malloc = look_up("malloc", &arena_malloc);
    auto* const calloc = look_up("calloc", &arena_calloc);
    auto* const realloc = look_up("realloc", &arena_realloc);
    auto* const free = look_up("free", &arena_free);
    auto* const posix_memalign = look_up("posix_memalign", &arena_posix_memalign);
    auto* const aligned_alloc = look_up("aligned_alloc", &arena_aligned);
    auto* const memalign = look_up("memalign", &arena_aligned);
    auto* const malloc_usable_size = look_up("malloc_usable_size", &arena_usable_size);
    internal::malloc.store(malloc, std::memory_order_relaxed);
    internal::calloc.store(calloc, std::memory_order_relaxed);
    internal::realloc.store(realloc, std::memory_order_relaxed);
    internal::free.store(free, std::memory_order_relaxed);
    internal::posix_memalign.store(posix_memalign, std::memory_order_relaxed);
    internal::aligned_alloc.store(aligned_alloc, std::memory_order_relaxed);
    internal::memalign.store(memalign, std::memory_order_relaxed);
    internal::malloc_usable_size.store(malloc_usable_size, std::memory_order_relaxed);
    is_looking_up = false;
    return true;
}

std::size_t left_in_arena(const void* memory) noexcept {
    const auto offset = reinterpret_cast<std::uintptr_t>(memory) - reinterpret_cast<std::uintptr_t>(arena);
    return offset < sizeof arena ? sizeof arena - offset : 0;
}

}  // namespace hugepage::next_allocator
