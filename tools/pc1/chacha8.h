// ChaCha with eight rounds, the graph's generator of random numbers, for many keys at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pc1 {

inline constexpr std::size_t kChachaLanes = 16;  // keys at a time
inline constexpr std::size_t kChachaWords =
    20;  // of the key stream, for each: block 0 and a quarter of block 1

// words[w][lane] = word w of the key stream (counter from 0, stream 0) under the key that is made of the
// seven words of `seed` and, as its eighth, first + lane modulo 2^32.
struct Chacha8Kernel {
    const char* name;
    void (*key_streams)(const std::uint32_t* seed, std::uint32_t first, std::uint32_t (*words)[kChachaLanes]);
};

// The one source, compiled for each width of vector that this CPU has: the widest first, the portable one
// last.
[[nodiscard]] const std::vector<Chacha8Kernel>& chacha8_kernels();

}  // namespace pc1
