// ChaCha8 written for one key, in a loop over the keys. It has no branch, so the compiler makes vectors of
// the keys, as wide as the function into which it is inlined may use.
#include "tools/pc1/chacha8.h"

#include <array>
#include <bit>
#include <utility>

namespace pc1 {
namespace {

using Words = std::uint32_t (*)[kChachaLanes];
using Block = std::array<std::uint32_t, 16>;

template <std::size_t A, std::size_t B, std::size_t C, std::size_t D>
[[gnu::always_inline]] inline void quarter_round(Block& x) {
    x[A] += x[B];
    x[D] = std::rotl(x[D] ^ x[A], 16);
    x[C] += x[D];
    x[B] = std::rotl(x[B] ^ x[C], 12);
    x[A] += x[B];
    x[D] = std::rotl(x[D] ^ x[A], 8);
    x[C] += x[D];
    x[B] = std::rotl(x[B] ^ x[C], 7);
}

[[gnu::always_inline]] inline void double_round(Block& x) {
    quarter_round<0, 4, 8, 12>(x);
    quarter_round<1, 5, 9, 13>(x);
    quarter_round<2, 6, 10, 14>(x);
    quarter_round<3, 7, 11, 15>(x);
    quarter_round<0, 5, 10, 15>(x);
    quarter_round<1, 6, 11, 12>(x);
    quarter_round<2, 7, 8, 13>(x);
    quarter_round<3, 4, 9, 14>(x);
}

// The first words of block number `counter`.
template <std::size_t... Word>
[[gnu::always_inline]] inline void block(const std::uint32_t* seed, std::uint32_t first,
                                         std::uint32_t counter, Words words,
                                         std::index_sequence<Word...> /*wanted*/) {
    const std::array<std::uint32_t, 7> key{seed[0], seed[1], seed[2], seed[3], seed[4], seed[5], seed[6]};
    for (std::uint32_t lane = 0; lane < kChachaLanes; ++lane) {
        const Block before{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,   key[0],  key[1], key[2], key[3],
                           key[4],     key[5],     key[6],     first + lane, counter, 0,      0,      0};
        Block x = before;
        // Written out: a loop in the loop would not be made vectors of.
        double_round(x);
        double_round(x);
        double_round(x);
        double_round(x);
        ((words[Word][lane] = x[Word] + before[Word]), ...);
    }
}

[[gnu::always_inline]] inline void all_words(const std::uint32_t* seed, std::uint32_t first, Words words) {
    block(seed, first, 0, words, std::make_index_sequence<16>{});
    block(seed, first, 1, words + 16, std::make_index_sequence<kChachaWords - 16>{});
}

void portable(const std::uint32_t* seed, std::uint32_t first, Words words) {
    all_words(seed, first, words);
}

#ifdef PC1_X86_64
[[gnu::target("avx2")]] void avx2(const std::uint32_t* seed, std::uint32_t first, Words words) {
    all_words(seed, first, words);
}

[[gnu::target("avx512f")]] void avx512(const std::uint32_t* seed, std::uint32_t first, Words words) {
    all_words(seed, first, words);
}
#endif

}  // namespace

const std::vector<Chacha8Kernel>& chacha8_kernels() {
    static const auto kernels = [] {
        std::vector<Chacha8Kernel> usable;
#ifdef PC1_X86_64
        // The builtin also asks whether the operating system saves the wide registers.
        if (static_cast<bool>(__builtin_cpu_supports("avx512f"))) {
            usable.push_back({"AVX-512", avx512});
        }
        if (static_cast<bool>(__builtin_cpu_supports("avx2"))) {
            usable.push_back({"AVX2", avx2});
        }
#endif
        usable.push_back({"portable", portable});
        return usable;
    }();
    return kernels;
}

}  // namespace pc1
