// An allocator to be preloaded beside the shim: takes its memory from mappings of ARENA_BYTES, one block
// after the other, so that the first block of each begins where the mapping does. Nothing is ever given back;
// what was freed last is told.

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace {

constexpr std::size_t kArenaBytes = ARENA_BYTES;

std::mutex lock;
char* next = nullptr;
std::size_t left = 0;

// Every block there was.
struct Known {
    void* block;
    std::size_t bytes;
};
Known known[1U << 16];
std::size_t count = 0;

void* take(std::size_t bytes, std::size_t alignment) {
    const std::lock_guard guard(lock);
    const std::size_t room = (bytes + 15) / 16 * 16;
    const std::size_t skip = next == nullptr ? 0 : -reinterpret_cast<std::size_t>(next) % alignment;
    if (next == nullptr || skip + room > left) {
        const std::size_t mapped = room > kArenaBytes ? room : kArenaBytes;
        void* arena = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (arena == MAP_FAILED || count == sizeof known / sizeof *known) {
            errno = ENOMEM;
            return nullptr;
        }
        next = static_cast<char*>(arena);
        left = mapped;
    } else {
        next += skip;
        left -= skip;
    }
    void* block = next;
    next += room;
    left -= room;
    known[count++] = {block, bytes};
    return block;
}

std::size_t size_of(const void* block) {
    const std::lock_guard guard(lock);
    for (std::size_t i = count; i-- > 0;) {
        if (known[i].block == block) {
            return known[i].bytes;
        }
    }
    std::abort();
}

void* resize(void* block, std::size_t bytes) {
    void* fresh = take(bytes, 16);
    if (fresh != nullptr && block != nullptr) {
        const std::size_t old = size_of(block);
        std::memcpy(fresh, block, old < bytes ? old : bytes);
    }
    return fresh;
}

}  // namespace

extern "C" {

void* last_freed = nullptr;

void* malloc(std::size_t bytes) {
    return take(bytes, 16);
}

void* calloc(std::size_t number, std::size_t bytes) {
    return take(number * bytes, 16);  // fresh from the kernel
}

void free(void* block) {
    if (block != nullptr) {
        size_of(block);  // aborts if it isn't ours
        last_freed = block;
    }
}

void* realloc(void* block, std::size_t bytes) {
    return resize(block, bytes);
}

// As mimalloc has it: not by way of realloc.
void* reallocarray(void* block, std::size_t number, std::size_t bytes) {
    return resize(block, number * bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
    return take(bytes, alignment);
}

void* memalign(std::size_t alignment, std::size_t bytes) {
    return take(bytes, alignment);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) {
    *block = take(bytes, alignment);
    return *block == nullptr ? ENOMEM : 0;
}

std::size_t malloc_usable_size(void* block) {
    return block == nullptr ? 0 : size_of(block);
}
}
