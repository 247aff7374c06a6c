// Twelve rounds over a message of two words; the other fourteen are zero and never added.
#include "tools/pc1/blake2b.h"

#include <bit>
#include <cstddef>
#include <utility>

namespace pc1 {
namespace {

using Words16 = std::array<std::uint64_t, 16>;

constexpr std::array<std::uint64_t, 8> kIv{0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
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

struct Message {
    std::uint64_t first;
    std::uint64_t second;
};

template <int Index>
[[gnu::always_inline]] inline std::uint64_t word(const Message& message) {
    return Index == 0 ? message.first : Index == 1 ? message.second : 0;
}

template <int X, int Y, int A, int B, int C, int D>
[[gnu::always_inline]] inline void mix(Words16& v, const Message& message) {
    v[A] += v[B] + word<X>(message);
    v[D] = std::rotr(v[D] ^ v[A], 32);
    v[C] += v[D];
    v[B] = std::rotr(v[B] ^ v[C], 24);
    v[A] += v[B] + word<Y>(message);
    v[D] = std::rotr(v[D] ^ v[A], 16);
    v[C] += v[D];
    v[B] = std::rotr(v[B] ^ v[C], 63);
}

template <std::size_t Round>
[[gnu::always_inline]] inline void one_round(Words16& v, const Message& message) {
    constexpr const auto& s = kSigma[Round % 10];
    mix<s[0], s[1], 0, 4, 8, 12>(v, message);
    mix<s[2], s[3], 1, 5, 9, 13>(v, message);
    mix<s[4], s[5], 2, 6, 10, 14>(v, message);
    mix<s[6], s[7], 3, 7, 11, 15>(v, message);
    mix<s[8], s[9], 0, 5, 10, 15>(v, message);
    mix<s[10], s[11], 1, 6, 11, 12>(v, message);
    mix<s[12], s[13], 2, 7, 8, 13>(v, message);
    mix<s[14], s[15], 3, 4, 9, 14>(v, message);
}

template <std::size_t... Rounds>
[[gnu::always_inline]] inline void all_rounds(Words16& v, const Message& message,
                                              std::index_sequence<Rounds...> /*rounds*/) {
    (one_round<Rounds>(v, message), ...);
}

}  // namespace

std::array<std::uint64_t, 8> blake2b_512(std::uint64_t first, std::uint64_t second) {
    auto digest = kIv;
    digest[0] ^= kParameters;
    Words16 v{};
    for (std::size_t i = 0; i < kIv.size(); ++i) {
        v[i] = digest[i];
        v[8 + i] = kIv[i];
    }
    v[12] ^= kMessageBytes;
    v[14] = ~v[14];  // this is the last block
    all_rounds(v, {first, second}, std::make_index_sequence<12>{});
    for (std::size_t i = 0; i < digest.size(); ++i) {
        digest[i] ^= v[i] ^ v[8 + i];
    }
    return digest;
}

}  // namespace pc1
