// A library whose constructor maps memory, its destructor too, and its fork handlers. Preloaded before the
// shim, it is initialised after; after it, before.

#include <pthread.h>
#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

namespace {

std::size_t bytes = 0;

void use(const char* when) {
    auto* memory = static_cast<char*>(
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    memory[bytes - 1] = 1;
    const int first_byte = memory[0];
    const int unmapped = ::munmap(memory, bytes);
    if (when != nullptr) {
        std::printf("%s: %d %d\n", when, first_byte, unmapped);
        std::fflush(stdout);
    }
}

[[gnu::constructor]] void on_load() {
    const char* text = std::getenv("EARLY_CALLER_BYTES");
    if (text == nullptr) {
        return;
    }
    bytes = std::strtoull(text, nullptr, 10);
    use("early");
    const auto in_fork = [] { use(nullptr); };
    ::pthread_atfork(in_fork, in_fork, in_fork);
}

[[gnu::destructor]] void on_unload() {
    if (bytes != 0) {
        use("late");
    }
}

}  // namespace
