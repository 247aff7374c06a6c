// ChaCha8 with one key to a lane, for vectors of any width.
//
// Everything is in an unnamed namespace on purpose: files compiled for different instruction sets include
// this, and a function shared between them could be the one that this CPU can't run. Included by
// chacha8_*.cpp only.
#pragma once

#include "tools/pc1/chacha8_kernels.h"

namespace pc1 {
namespace {

// NOLINTBEGIN(misc-definitions-in-headers): see above
constexpr std::uint32_t kConstants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
constexpr std::size_t kBlockWords = 16;
// NOLINTEND(misc-definitions-in-headers)

template <int Bits, class Lanes>
[[gnu::always_inline]] inline void xor_rotate(Lanes& word, const Lanes& other) {
    word ^= other;
    word = (word << Bits) | (word >> (32 - Bits));
}

template <class Lanes>
[[gnu::always_inline]] inline void quarter_round(Lanes& a, Lanes& b, Lanes& c, Lanes& d) {
    a += b;
    xor_rotate<16>(d, a);
    c += d;
    xor_rotate<12>(b, c);
    a += b;
    xor_rotate<8>(d, a);
    c += d;
    xor_rotate<7>(b, c);
}

// The first `Wanted` words of block number `counter` for as many keys as a vector has lanes.
template <std::size_t Wanted, class Lanes>
[[gnu::always_inline]] inline void block(const std::uint32_t* seed, const Lanes& last_key_word,
                                         std::uint32_t counter, std::uint32_t (*words)[kChachaLanes]) {
    Lanes before[kBlockWords];
    for (std::size_t i = 0; i < 4; ++i) {
        before[i] = Lanes{} + kConstants[i];
    }
    for (std::size_t i = 0; i < 7; ++i) {
        before[4 + i] = Lanes{} + seed[i];
    }
    before[11] = last_key_word;
    before[12] = Lanes{} + counter;
    before[13] = before[14] = before[15] = Lanes{};

    Lanes x[kBlockWords];
    for (std::size_t i = 0; i < kBlockWords; ++i) {
        x[i] = before[i];
    }
    for (int double_round = 0; double_round < 4; ++double_round) {
        quarter_round(x[0], x[4], x[8], x[12]);
        quarter_round(x[1], x[5], x[9], x[13]);
        quarter_round(x[2], x[6], x[10], x[14]);
        quarter_round(x[3], x[7], x[11], x[15]);
        quarter_round(x[0], x[5], x[10], x[15]);
        quarter_round(x[1], x[6], x[11], x[12]);
        quarter_round(x[2], x[7], x[8], x[13]);
        quarter_round(x[3], x[4], x[9], x[14]);
    }
    for (std::size_t i = 0; i < Wanted; ++i) {
        const Lanes word = x[i] + before[i];
        __builtin_memcpy(words[i], &word, sizeof word);
    }
}

using Lanes4 = std::uint32_t __attribute__((vector_size(16)));
using Lanes8 = std::uint32_t __attribute__((vector_size(32)));
using Lanes16 = std::uint32_t __attribute__((vector_size(64)));

// Chacha8Kernel::key_streams on vectors of this type.
template <class Lanes>
void key_streams(const std::uint32_t* seed, std::uint32_t first, std::uint32_t (*words)[kChachaLanes]) {
    constexpr std::size_t kWidth = sizeof(Lanes) / sizeof(std::uint32_t);
    for (std::size_t lane = 0; lane < kChachaLanes; lane += kWidth) {
        Lanes last_key_word{};
        for (std::size_t i = 0; i < kWidth; ++i) {
            last_key_word[i] = first + static_cast<std::uint32_t>(lane + i);
        }
        auto* columns = reinterpret_cast<std::uint32_t(*)[kChachaLanes]>(&words[0][lane]);
        block<kBlockWords>(seed, last_key_word, 0, columns);
        block<kChachaWords - kBlockWords>(seed, last_key_word, 1, columns + kBlockWords);
    }
}

}  // namespace
}  // namespace pc1
