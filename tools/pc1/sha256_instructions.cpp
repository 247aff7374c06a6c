// SHA-256 compression with the CPU's own instructions: SHA-NI of x86-64, or the SHA-2 instructions of ARMv8.
//
// Compiled with special flags (CMakeLists.txt), so nothing from here may run on a CPU without them: the file
// takes no inline function from a header that another file could share, and all but the kernel itself is
// local.
#include "tools/pc1/sha256_kernels.h"

#ifdef PC1_X86_64
#include <immintrin.h>
#else
#include <arm_neon.h>
#endif

#include <cstddef>
#include <utility>

namespace pc1 {
namespace {

#ifdef PC1_X86_64

constexpr const char* kName = "SHA-NI";

// Four words, first one in the lowest lane.
using Quad = __m128i;

// The eight words as the instructions want them, highest lane first: a b e f and c d g h.
struct State {
    Quad abef;
    Quad cdgh;
};

State load_state(const std::uint32_t* s) {
    const auto* words = reinterpret_cast<const Quad*>(s);
    const Quad badc = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xb1);
    const Quad efgh = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1b);
    return {_mm_alignr_epi8(badc, efgh, 8), _mm_blend_epi16(efgh, badc, 0xf0)};
}

// The words in the standard's order, a to d and e to h.
struct Words {
    Quad abcd;
    Quad efgh;
};

Words words_of(State state) {
    const Quad feba = _mm_shuffle_epi32(state.abef, 0x1b);
    const Quad dchg = _mm_shuffle_epi32(state.cdgh, 0xb1);
    return {_mm_blend_epi16(feba, dchg, 0xf0), _mm_alignr_epi8(dchg, feba, 8)};
}

void store(void* to, Quad value) {
    _mm_storeu_si128(static_cast<Quad*>(to), value);
}

void store_state(std::uint32_t* to, State state) {
    const Words words = words_of(state);
    store(to, words.abcd);
    store(to + 4, words.efgh);
}

Quad reverse_bytes_of_words(Quad words) {
    return _mm_shuffle_epi8(words, _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
}

void store_label(std::uint8_t* to, State state) {
    const Words words = words_of(state);
    const Quad label_bits = _mm_set_epi32(~0xc0, -1, -1, -1);
    store(to, reverse_bytes_of_words(words.abcd));
    store(to + 16, reverse_bytes_of_words(_mm_and_si128(words.efgh, label_bits)));
}

Quad load_words(const std::uint8_t* from) {
    return reverse_bytes_of_words(_mm_loadu_si128(reinterpret_cast<const Quad*>(from)));
}

// Words 4g+16 .. 4g+19 of the message schedule from the sixteen before them, w0 being the oldest four.
Quad next_words(Quad w0, Quad w1, Quad w2, Quad w3) {
    const Quad seven_before = _mm_alignr_epi8(w3, w2, 4);
    return _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), seven_before), w3);
}

Quad add_constants(Quad words, const std::uint32_t* constants) {
    return _mm_add_epi32(words, _mm_load_si128(reinterpret_cast<const Quad*>(constants)));
}

// Two rounds each; an instruction uses the two low words of its addend.
[[gnu::always_inline]] inline State four_rounds(State state, Quad low_pair, Quad high_pair) {
    state.cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, low_pair);
    state.abef = _mm_sha256rnds2_epu32(state.abef, state.cdgh, high_pair);
    return state;
}

[[gnu::always_inline]] inline State four_rounds(State state, Quad addend) {
    return four_rounds(state, addend, _mm_shuffle_epi32(addend, 0x0e));
}

// The addend of four rounds is in memory: each half is loaded by itself, which saves the shuffle.
[[gnu::always_inline]] inline State four_rounds(State state, const Quad* addend) {
    const auto* pairs = reinterpret_cast<const std::uint64_t*>(addend);
    const auto pair = [pairs](std::size_t i) {
        return _mm_loadl_epi64(reinterpret_cast<const Quad*>(pairs + i));
    };
    return four_rounds(state, pair(0), pair(1));
}

inline State sum(State a, State b) {
    return {_mm_add_epi32(a.abef, b.abef), _mm_add_epi32(a.cdgh, b.cdgh)};
}

#else

constexpr const char* kName = "ARMv8";

// Four words, first one in the lowest lane.
using Quad = uint32x4_t;

// The eight words in the standard's order, which is the instructions' too: a and e in the lowest lanes.
struct State {
    Quad abcd;
    Quad efgh;
};

State load_state(const std::uint32_t* words) {
    return {vld1q_u32(words), vld1q_u32(words + 4)};
}

void store_state(std::uint32_t* to, State state) {
    vst1q_u32(to, state.abcd);
    vst1q_u32(to + 4, state.efgh);
}

uint8x16_t reverse_bytes_of_words(Quad words) {
    return vrev32q_u8(vreinterpretq_u8_u32(words));
}

void store_label(std::uint8_t* to, State state) {
    const Quad label_bits = vsetq_lane_u32(~std::uint32_t{0xc0}, vdupq_n_u32(~std::uint32_t{0}), 3);
    vst1q_u8(to, reverse_bytes_of_words(state.abcd));
    vst1q_u8(to + 16, reverse_bytes_of_words(vandq_u32(state.efgh, label_bits)));
}

Quad load_words(const std::uint8_t* from) {
    return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(from)));
}

// Words 4g+16 .. 4g+19 of the message schedule from the sixteen before them, w0 being the oldest four.
Quad next_words(Quad w0, Quad w1, Quad w2, Quad w3) {
    return vsha256su1q_u32(vsha256su0q_u32(w0, w1), w2, w3);
}

Quad add_constants(Quad words, const std::uint32_t* constants) {
    return vaddq_u32(words, vld1q_u32(constants));
}

// Both instructions want the state before the rounds: each gives one half of the state after them.
[[gnu::always_inline]] inline State four_rounds(State before, Quad addend) {
    return {vsha256hq_u32(before.abcd, before.efgh, addend),
            vsha256h2q_u32(before.efgh, before.abcd, addend)};
}

[[gnu::always_inline]] inline State four_rounds(State before, const Quad* addend) {
    return four_rounds(before, *addend);
}

inline State sum(State a, State b) {
    return {vaddq_u32(a.abcd, b.abcd), vaddq_u32(a.efgh, b.efgh)};
}

#endif

// What rounds 4g to 4g+3 add, in the order of the message; w holds the sixteen words before those of group
// g + 4, which take the place of the oldest.
template <std::size_t Group>
[[gnu::always_inline]] inline Quad next_addend(Quad (&w)[4]) {
    const Quad addend = add_constants(w[Group % 4], kSha256RoundConstants + 4 * Group);
    if constexpr (Group < 12) {
        w[Group % 4] = next_words(w[Group % 4], w[(Group + 1) % 4], w[(Group + 2) % 4], w[(Group + 3) % 4]);
    }
    return addend;
}

// One block; `keep` is told what each group of four rounds adds.
template <class Keep, std::size_t... Groups>
[[gnu::always_inline]] inline State compress(State before, const std::uint8_t* first_half,
                                             const std::uint8_t* second_half, Keep keep,
                                             std::index_sequence<Groups...> /*groups*/) {
    Quad w[4] = {load_words(first_half), load_words(first_half + 16), load_words(second_half),
                 load_words(second_half + 16)};
    State state = before;
    const auto group = [&](std::size_t number, Quad addend) {
        keep(number, addend);
        state = four_rounds(state, addend);
    };
    (group(Groups, next_addend<Groups>(w)), ...);
    return sum(state, before);
}

constexpr std::size_t kGroupCount = 16;
constexpr auto kGroups = std::make_index_sequence<kGroupCount>{};
constexpr auto kKeepNothing = [](std::size_t, Quad) {};

// One block of which is known what each group adds: nothing but instructions that wait for one another.
[[gnu::always_inline]] inline State compress_again(State before, const Quad* addends) {
    State state = before;
#pragma GCC unroll 16
    for (std::size_t group = 0; group < kGroupCount; ++group) {
        state = four_rounds(state, addends + group);
    }
    return sum(state, before);
}

void absorb(std::uint32_t* words, const std::uint8_t* const* halves, std::size_t blocks) {
    State state = load_state(words);
    for (; blocks > 0; --blocks, halves += 2) {
        state = compress(state, halves[0], halves[1], kKeepNothing, kGroups);
    }
    store_state(words, state);
}

void finish_label(const std::uint32_t* words, const CyclicMessage& message, const std::uint8_t* const* soon,
                  std::uint8_t* label) {
    Quad kept[kMostBlocksInTurn][kGroupCount];
    State state = load_state(words);
    for (std::size_t block = 0; block < message.blocks_in_turn; ++block) {
        prefetch_half(soon[2 * block]);
        prefetch_half(soon[2 * block + 1]);
        const auto keep = [addends = kept[block]](std::size_t group, Quad addend) {
            addends[group] = addend;
        };
        state = compress(state, message.halves[2 * block], message.halves[2 * block + 1], keep, kGroups);
    }
    std::size_t again = 0;
    for (std::size_t block = message.blocks_in_turn; block < message.blocks; ++block) {
        state = compress_again(state, kept[again]);
        again = again + 1 < message.blocks_in_turn ? again + 1 : 0;
    }
    state = compress(state, message.last[0], message.last[1], kKeepNothing, kGroups);
    // Its bits are cleared in the register: the next call loads what is stored here as a whole, and would
    // wait for a byte stored apart.
    store_label(label, state);
}

}  // namespace

const Sha256Kernel kSha256Instructions{kName, absorb, finish_label};

}  // namespace pc1
