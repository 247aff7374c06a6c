// A library as allocators are: it has one lock, holds it while it maps and unmaps, and takes it before a
// fork, by handlers that it registers as early as it can.

#include <pthread.h>
#include <sys/mman.h>

#include <cstddef>

namespace {

pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

[[gnu::constructor]] void on_load() {
    const auto take = [] { ::pthread_mutex_lock(&lock); };
    const auto give = [] { ::pthread_mutex_unlock(&lock); };
    ::pthread_atfork(take, give, give);
}

}  // namespace

extern "C" [[gnu::visibility("default")]] void map_and_unmap_under_lock(std::size_t bytes) {
    ::pthread_mutex_lock(&lock);
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    static_cast<char*>(memory)[bytes - 1] = 1;
    ::munmap(memory, bytes);
    ::pthread_mutex_unlock(&lock);
}
