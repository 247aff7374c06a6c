// A library whose constructor maps memory. Preloaded before the shim, it is initialised after; after it,
// before.

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

namespace {

[[gnu::constructor]] void on_load() {
    const char* text = std::getenv("EARLY_CALLER_BYTES");
    if (text == nullptr) {
        return;
    }
    const std::size_t bytes = std::strtoull(text, nullptr, 10);
    auto* memory = static_cast<char*>(
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    memory[bytes - 1] = 1;
    const int first_byte = memory[0];
    std::printf("early: %d %d\n", first_byte, ::munmap(memory, bytes));
}

}  // namespace
