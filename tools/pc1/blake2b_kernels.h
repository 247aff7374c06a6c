// The implementations of eight BLAKE2b at a time, one in a file of its own for each instruction set;
// blake2b.h chooses. Free of inline functions, so that files with special compile flags may include it.
#pragma once

#include <cstdint>

namespace pc1 {

// The first eight bytes of each of eight digests, read as le64; the messages are le64(first word) ||
// le64(second_word) and share their second word. Input and output may be the same array.
struct Blake2bKernel {
    const char* name;
    void (*heads)(const std::uint64_t* first_words, std::uint64_t second_word, std::uint64_t* heads);
};

// Runs everywhere; the others are measured against it.
extern const Blake2bKernel kBlake2bPortable;

// Only where they are compiled in (PC1_X86_64), to be used only if the CPU has the instructions.
extern const Blake2bKernel kBlake2bAvx2;
extern const Blake2bKernel kBlake2bAvx512;

}  // namespace pc1
