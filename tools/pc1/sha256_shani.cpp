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
    const auto* words = reinterpret_cast<const __m128i*>(s);
    const __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xb1);
    const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1b);
    return {_mm_alignr_epi8(badc, efgh, 8), _mm_blend_epi16(efgh, badc, 0xf0)};
}

// The words in the standard's order, a to d and e to h.
struct Words {
    __m128i abcd;
    __m128i efgh;
};

Words words_of(State state) {
    const __m128i feba = _mm_shuffle_epi32(state.abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(state.cdgh, 0xb1);
    return {_mm_blend_epi16(feba, dchg, 0xf0), _mm_alignr_epi8(dchg, feba, 8)};
}

void store(void* to, __m128i value) {
    _mm_storeu_si128(static_cast<__m128i*>(to), value);
}

__m128i reverse_bytes_of_words(__m128i words) {
    return _mm_shuffle_epi8(words, _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
}

// Four message words, first one in the lowest lane.
__m128i load_words(const std::uint8_t* from) {
    return reverse_bytes_of_words(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

// Words 4g+16 .. 4g+19 of the message schedule from the sixteen before them, w0 being the oldest four.
__m128i next_words(__m128i w0, __m128i w1, __m128i w2, __m128i w3) {
    const __m128i seven_before = _mm_alignr_epi8(w3, w2, 4);
    return _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), seven_before), w3);
}

// What rounds 4g to 4g+3 add, in the order of the message; w holds the sixteen words before those of group
// g + 4, which take the place of the oldest.
template <std::size_t Group>
[[gnu::always_inline]] inline __m128i next_addend(__m128i (&w)[4]) {
    const auto* constants = reinterpret_cast<const __m128i*>(kSha256RoundConstants + 4 * Group);
    const __m128i addend = _mm_add_epi32(w[Group % 4], _mm_load_si128(constants));
    if constexpr (Group < 12) {
        w[Group % 4] = next_words(w[Group % 4], w[(Group + 1) % 4], w[(Group + 2) % 4], w[(Group + 3) % 4]);
    }
    return addend;
}

// Two rounds each; an instruction uses the two low words of its addend.
[[gnu::always_inline]] inline void four_rounds(State& state, __m128i low_pair, __m128i high_pair) {
    state.cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, low_pair);
    state.abef = _mm_sha256rnds2_epu32(state.abef, state.cdgh, high_pair);
}

inline State sum(State a, State b) {
    return {_mm_add_epi32(a.abef, b.abef), _mm_add_epi32(a.cdgh, b.cdgh)};
}

// One block; `keep` is told what each group of four rounds adds.
template <class Keep, std::size_t... Groups>
[[gnu::always_inline]] inline State compress(State before, const std::uint8_t* first_half,
                                             const std::uint8_t* second_half, Keep keep,
                                             std::index_sequence<Groups...> /*groups*/) {
    __m128i w[4] = {load_words(first_half), load_words(first_half + 16), load_words(second_half),
                    load_words(second_half + 16)};
    State state = before;
    const auto group = [&](std::size_t number, __m128i addend) {
        keep(number, addend);
        four_rounds(state, addend, _mm_shuffle_epi32(addend, 0x0e));
    };
    (group(Groups, next_addend<Groups>(w)), ...);
    return sum(state, before);
}

constexpr std::size_t kGroupCount = 16;
constexpr auto kGroups = std::make_index_sequence<kGroupCount>{};
constexpr auto kKeepNothing = [](std::size_t, __m128i) {};

// One block of which is known what each group adds: nothing but instructions that wait for one another.
[[gnu::always_inline]] inline State compress_again(State before, const __m128i* addends) {
    const auto* pairs = reinterpret_cast<const std::uint64_t*>(addends);
    const auto pair = [pairs](std::size_t i) {
        return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(pairs + i));
    };
    State state = before;
#pragma GCC unroll 16
    for (std::size_t group = 0; group < kGroupCount; ++group) {
        four_rounds(state, pair(2 * group), pair(2 * group + 1));
    }
    return sum(state, before);
}

void absorb(std::uint32_t* words, const std::uint8_t* data, std::size_t blocks) {
    State state = load_state(words);
    for (; blocks > 0; --blocks, data += 64) {
        state = compress(state, data, data + 32, kKeepNothing, kGroups);
    }
    const Words result = words_of(state);
    store(words, result.abcd);
    store(words + 4, result.efgh);
}

// Both cache lines, if it lies across two.
void prefetch_half(const std::uint8_t* half) {
    _mm_prefetch(half, _MM_HINT_T0);
    _mm_prefetch(half + 31, _MM_HINT_T0);
}

void finish_label(const std::uint32_t* words, const CyclicMessage& message, const std::uint8_t* const* soon,
                  std::uint8_t* label) {
    __m128i kept[kMostBlocksInTurn][kGroupCount];
    State state = load_state(words);
    for (std::size_t block = 0; block < message.blocks_in_turn; ++block) {
        prefetch_half(soon[2 * block]);
        prefetch_half(soon[2 * block + 1]);
        const auto keep = [addends = kept[block]](std::size_t group, __m128i addend) {
            _mm_store_si128(addends + group, addend);
        };
        state = compress(state, message.halves[2 * block], message.halves[2 * block + 1], keep, kGroups);
    }
    std::size_t again = 0;
    for (std::size_t block = message.blocks_in_turn; block < message.blocks; ++block) {
        state = compress_again(state, kept[again]);
        again = again + 1 < message.blocks_in_turn ? again + 1 : 0;
    }
    state = compress(state, message.last[0], message.last[1], kKeepNothing, kGroups);
    const Words result = words_of(state);
    // Cleared here: the next call loads what is stored here as a whole, and would wait for a byte stored
    // apart.
    const __m128i label_bits = _mm_set_epi32(~0xc0, -1, -1, -1);
    store(label, reverse_bytes_of_words(result.abcd));
    store(label + 16, reverse_bytes_of_words(_mm_and_si128(result.efgh, label_bits)));
}

}  // namespace

const Sha256Kernel kSha256Shani{"SHA-NI", absorb, finish_label};

}  // namespace pc1
