// SHA-256 compression with the SHA-NI instructions of x86-64.
//
// Compiled with -msha -msse4.1 -mssse3, so nothing from here may run on a CPU without them: the file takes no
// inline function from a header that another file could share, and all but the kernel itself is local.
#include "tools/pc1/sha256_kernels.h"

#include <immintrin.h>

#include <cstddef>
#include <utility>

namespace pc1 {
namespace {

// The eight words as the instructions want them, highest lane first: a b e f and c d g h.
struct State {
    __m128i abef;
    __m128i cdgh;
};

State load_state(const std::uint32_t* s) {
    const auto word = [s](int i) { return static_cast<int>(s[i]); };
    return {_mm_set_epi32(word(0), word(1), word(4), word(5)),
            _mm_set_epi32(word(2), word(3), word(6), word(7))};
}

void store_state(std::uint32_t* s, State state) {
    const auto word = [](int lane) { return static_cast<std::uint32_t>(lane); };
    s[0] = word(_mm_extract_epi32(state.abef, 3));
    s[1] = word(_mm_extract_epi32(state.abef, 2));
    s[4] = word(_mm_extract_epi32(state.abef, 1));
    s[5] = word(_mm_extract_epi32(state.abef, 0));
    s[2] = word(_mm_extract_epi32(state.cdgh, 3));
    s[3] = word(_mm_extract_epi32(state.cdgh, 2));
    s[6] = word(_mm_extract_epi32(state.cdgh, 1));
    s[7] = word(_mm_extract_epi32(state.cdgh, 0));
}

// Four message words, first one in the lowest lane.
__m128i load_words(const std::uint8_t* from) {
    const __m128i reverse_bytes_of_words = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    return _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)), reverse_bytes_of_words);
}

// Words 4g+16 .. 4g+19 of the message schedule from the sixteen before them, w0 being the oldest four.
__m128i next_words(__m128i w0, __m128i w1, __m128i w2, __m128i w3) {
    const __m128i seven_before = _mm_alignr_epi8(w3, w2, 4);
    return _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), seven_before), w3);
}

// Rounds 4g to 4g+3; puts the words that are needed 16 rounds later in the place of those used up.
template <std::size_t Group>
inline void four_rounds(State& state, __m128i (&w)[4]) {
    const auto* constants = reinterpret_cast<const __m128i*>(kSha256RoundConstants + 4 * Group);
    const __m128i addend = _mm_add_epi32(w[Group % 4], _mm_load_si128(constants));
    const __m128i high_pair = _mm_shuffle_epi32(addend, 0x0e);
    state.cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, addend);
    state.abef = _mm_sha256rnds2_epu32(state.abef, state.cdgh, high_pair);
    if constexpr (Group < 12) {
        w[Group % 4] = next_words(w[Group % 4], w[(Group + 1) % 4], w[(Group + 2) % 4], w[(Group + 3) % 4]);
    }
}

template <std::size_t... Groups>
inline void all_rounds(State& state, __m128i (&w)[4], std::index_sequence<Groups...>) {
    (four_rounds<Groups>(state, w), ...);
}

inline State compress(State before, const std::uint8_t* first_half, const std::uint8_t* second_half) {
    __m128i w[4] = {load_words(first_half), load_words(first_half + 16), load_words(second_half),
                    load_words(second_half + 16)};
    State state = before;
    all_rounds(state, w, std::make_index_sequence<16>{});
    return {_mm_add_epi32(state.abef, before.abef), _mm_add_epi32(state.cdgh, before.cdgh)};
}

void absorb(std::uint32_t* words, const std::uint8_t* data, std::size_t blocks) {
    State state = load_state(words);
    for (; blocks > 0; --blocks, data += 64) {
        state = compress(state, data, data + 32);
    }
    store_state(words, state);
}

void absorb_halves(std::uint32_t* words, const std::uint8_t* const* halves, const std::uint8_t* const* soon,
                   std::size_t blocks) {
    State state = load_state(words);
    for (; blocks > 0; --blocks, halves += 2, ++soon) {
        _mm_prefetch(*soon, _MM_HINT_T0);
        state = compress(state, halves[0], halves[1]);
    }
    store_state(words, state);
}

}  // namespace

const Sha256Kernel kSha256Shani{"SHA-NI", absorb, absorb_halves};

}  // namespace pc1
