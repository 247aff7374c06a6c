// The twelve rounds of BLAKE2b over a message of two words, for one message (Word = uint64_t) or for one
// message per lane (Word = a vector of uint64_t).
//
// Everything is in an unnamed namespace on purpose: files compiled for different instruction sets include
// this, and a function shared between them could be the one that this CPU can't run. Included by blake2b*.cpp
// only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace pc1 {
namespace {

// Eight lanes; the compiler splits them where the registers are narrower.
using Lanes = std::uint64_t __attribute__((vector_size(64)));

constexpr std::uint64_t kIv[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                  0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                  0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

// The parameter block, first word: digest of 64 bytes, no key, fanout 1, depth 1.
constexpr std::uint64_t kParameters = 0x01010040;
constexpr std::uint64_t kMessageBytes = 16;

constexpr int kSigma[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

// What is fed to one compression: the words 2 to 15 of the message are zero and never added.
template <class Word>
struct Message {
    Word first;
    Word second;
};

template <int Index, class Word>
[[gnu::always_inline]] inline void add_word(Word& sum, const Message<Word>& message) {
    if constexpr (Index == 0) {
        sum += message.first;
    } else if constexpr (Index == 1) {
        sum += message.second;
    }
}

template <int Bits, class Word>
[[gnu::always_inline]] inline void xor_rotate(Word& word, const Word& other) {
    word ^= other;
    word = (word >> Bits) | (word << (64 - Bits));
}

template <int X, int Y, class Word>
[[gnu::always_inline]] inline void mix(Word& a, Word& b, Word& c, Word& d, const Message<Word>& message) {
    a += b;
    add_word<X>(a, message);
    xor_rotate<32>(d, a);
    c += d;
    xor_rotate<24>(b, c);
    a += b;
    add_word<Y>(a, message);
    xor_rotate<16>(d, a);
    c += d;
    xor_rotate<63>(b, c);
}

template <std::size_t Round, class Word>
[[gnu::always_inline]] inline void mix_round(Word (&v)[16], const Message<Word>& message) {
    constexpr auto& s = kSigma[Round % 10];
    mix<s[0], s[1]>(v[0], v[4], v[8], v[12], message);
    mix<s[2], s[3]>(v[1], v[5], v[9], v[13], message);
    mix<s[4], s[5]>(v[2], v[6], v[10], v[14], message);
    mix<s[6], s[7]>(v[3], v[7], v[11], v[15], message);
    mix<s[8], s[9]>(v[0], v[5], v[10], v[15], message);
    mix<s[10], s[11]>(v[1], v[6], v[11], v[12], message);
    mix<s[12], s[13]>(v[2], v[7], v[8], v[13], message);
    mix<s[14], s[15]>(v[3], v[4], v[9], v[14], message);
}

template <class Word, std::size_t... Rounds>
[[gnu::always_inline]] inline void mix_rounds(Word (&v)[16], const Message<Word>& message,
                                              std::index_sequence<Rounds...>) {
    (mix_round<Rounds>(v, message), ...);
}

// The eight words of the digest.
template <class Word>
[[gnu::always_inline]] inline void compress(const Message<Word>& message, Word (&digest)[8]) {
    constexpr std::uint64_t kLastBlock = ~std::uint64_t{0};
    Word v[16];
    for (std::size_t i = 0; i < 8; ++i) {
        digest[i] = Word{} + (i == 0 ? kIv[0] ^ kParameters : kIv[i]);
        v[i] = digest[i];
        v[8 + i] = Word{} + kIv[i];
    }
    v[12] ^= Word{} + kMessageBytes;
    v[14] ^= Word{} + kLastBlock;
    mix_rounds(v, message, std::make_index_sequence<12>{});
    for (std::size_t i = 0; i < 8; ++i) {
        digest[i] ^= v[i] ^ v[8 + i];
    }
}

// Blake2bKernel::heads on vectors.
[[gnu::always_inline]] inline void heads_of_lanes(const std::uint64_t* first_words, std::uint64_t second_word,
                                                  std::uint64_t* heads) {
    Message<Lanes> message{Lanes{}, Lanes{} + second_word};
    __builtin_memcpy(&message.first, first_words, sizeof(Lanes));
    Lanes digest[8];
    compress(message, digest);
    __builtin_memcpy(heads, &digest[0], sizeof(Lanes));
}

}  // namespace
}  // namespace pc1
