// Memory as a sealer asks for it, by programs that know nothing of the shim.
#pragma once

#include <sys/mman.h>

#include <cstddef>

namespace probes {

// Null if there is none.
inline char* take(std::size_t bytes) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}

// 0 if the memory was fresh, is the caller's alone, and could be given back.
inline int use_once(std::size_t bytes, char mark) {
    char* memory = take(bytes);
    if (memory == nullptr) {
        return 1;
    }
    int faults = memory[0] != 0 || memory[bytes - 1] != 0 ? 1 : 0;
    memory[0] = memory[bytes / 2] = memory[bytes - 1] = mark;
    faults += memory[0] != mark || memory[bytes / 2] != mark || memory[bytes - 1] != mark ? 1 : 0;
    return faults + (::munmap(memory, bytes) == 0 ? 0 : 1);
}

}  // namespace probes
