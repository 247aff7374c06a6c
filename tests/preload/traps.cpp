// A library to preload beside the shim: an allocator that calls mmap and munmap with its lock held, and
// aborts if it is called meanwhile. So whatever in the shim allocates on a request ends the program.

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

constexpr std::size_t kHeader = 16;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kLarge = 1UL << 20;  // from here on by mmap

[[noreturn]] void trap(std::string_view what) {
    static_cast<void>(!::write(STDERR_FILENO, what.data(), what.size()));
    ::_exit(99);
}

class Lock {
  public:
    Lock() {
        if (owner_ == ::pthread_self()) {
            trap("traps: the allocator was called while it held its lock\n");
        }
        ::pthread_mutex_lock(&mutex_);
        owner_ = ::pthread_self();
    }
    ~Lock() {
        owner_ = pthread_t{};
        ::pthread_mutex_unlock(&mutex_);
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    static constinit inline pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
    static constinit inline std::atomic<pthread_t> owner_{};
};

struct Large {
    void* begin = nullptr;
    std::size_t bytes = 0;
};

// All under the lock. Small memory is never given back.
alignas(kPage) constinit std::array<char, 64UL << 20> arena{};
constinit std::size_t used = 0;
constinit std::array<Large, 64> large{};

void* take_small(std::size_t alignment, std::size_t bytes) {
    const std::size_t begin = (used + kHeader + alignment - 1) / alignment * alignment;
    if (begin + bytes > arena.size()) {
        return nullptr;
    }
    used = begin + bytes;
    std::memcpy(arena.data() + begin - kHeader, &bytes, sizeof bytes);
    return arena.data() + begin;
}

void* take_large(std::size_t bytes) {
    const auto slot = std::ranges::find(large, nullptr, &Large::begin);
    if (slot == large.end()) {
        return nullptr;
    }
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return nullptr;
    }
    *slot = {memory, bytes};
    return memory;
}

void* take(std::size_t alignment, std::size_t bytes) {
    const Lock lock;
    void* memory = bytes >= kLarge ? take_large(bytes) : take_small(std::max(alignment, kHeader), bytes);
    if (memory == nullptr) {
        errno = ENOMEM;
    }
    return memory;
}

std::size_t size_of(void* memory) {
    const auto slot = std::ranges::find(large, memory, &Large::begin);
    if (slot != large.end()) {
        return slot->bytes;
    }
    std::size_t bytes = 0;
    std::memcpy(&bytes, static_cast<char*>(memory) - kHeader, sizeof bytes);
    return bytes;
}

}  // namespace

extern "C" {

void* malloc(std::size_t bytes) {
    return take(kHeader, bytes);
}

void free(void* memory) {
    const Lock lock;
    const auto slot = std::ranges::find(large, memory, &Large::begin);
    if (memory != nullptr && slot != large.end()) {
        ::munmap(memory, slot->bytes);
        *slot = {};
    }
}

void* calloc(std::size_t count, std::size_t bytes) {
    return take(kHeader, count * bytes);  // the arena is fresh, and so is mapped memory
}

void* realloc(void* memory, std::size_t bytes) {
    void* fresh = take(kHeader, bytes);
    if (memory != nullptr && fresh != nullptr) {
        const std::size_t known = size_of(memory);
        std::memcpy(fresh, memory, std::min(known, bytes));
        free(memory);
    }
    return fresh;
}

void* memalign(std::size_t alignment, std::size_t bytes) {
    return take(alignment, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
    return take(alignment, bytes);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
    *memory = take(alignment, bytes);
    return *memory == nullptr ? ENOMEM : 0;
}

}  // extern "C"
