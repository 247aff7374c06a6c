// The implementations of ChaCha with eight rounds, one in a file of its own for each instruction set;
// chacha8.h chooses. Free of inline functions, so that files with special compile flags may include it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pc1 {

inline constexpr std::size_t kChachaLanes = 16;  // keys at a time
inline constexpr std::size_t kChachaWords =
    20;  // of the key stream, for each: block 0 and a quarter of block 1

// words[w][lane] = word w of the key stream (counter from 0, stream 0) under the key that is made of the
// seven words of `seed` and, as its eighth, first + lane modulo 2^32. No alignment is needed.
struct Chacha8Kernel {
    const char* name;
    void (*key_streams)(const std::uint32_t* seed, std::uint32_t first, std::uint32_t (*words)[kChachaLanes]);
};

// Runs everywhere; the others are measured against it.
extern const Chacha8Kernel kChacha8Portable;

// Only where they are compiled in (PC1_X86_64), to be used only if the CPU has the instructions.
extern const Chacha8Kernel kChacha8Avx2;
extern const Chacha8Kernel kChacha8Avx512;

}  // namespace pc1
