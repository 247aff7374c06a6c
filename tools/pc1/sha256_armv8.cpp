// SHA-256 compression with the SHA-2 instructions of ARMv8.
//
// Compiled with +crypto, so nothing from here may run on a CPU without them: the file takes no inline
// function from a header that another file could share, and all but the kernel itself is local.
#include "tools/pc1/sha256_kernels.h"

#include <arm_neon.h>

#include <cstddef>
#include <utility>

namespace pc1 {
namespace {

// The eight words in the standard's order, which is the instructions' too: a and e in the lowest lanes.
struct State {
    uint32x4_t abcd;
    uint32x4_t efgh;
};

State load_state(const std::uint32_t* words) {
    return {vld1q_u32(words), vld1q_u32(words + 4)};
}

uint8x16_t reverse_bytes_of_words(uint32x4_t words) {
    return vrev32q_u8(vreinterpretq_u8_u32(words));
}

// Four message words, first one in the lowest lane.
uint32x4_t load_words(const std::uint8_t* from) {
    return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(from)));
}

// Words 4g+16 .. 4g+19 of the message schedule from the sixteen before them, w0 being the oldest four.
uint32x4_t next_words(uint32x4_t w0, uint32x4_t w1, uint32x4_t w2, uint32x4_t w3) {
    return vsha256su1q_u32(vsha256su0q_u32(w0, w1), w2, w3);
}

// What rounds 4g to 4g+3 add, in the order of the message; w holds the sixteen words before those of group
// g + 4, which take the place of the oldest.
template <std::size_t Group>
[[gnu::always_inline]] inline uint32x4_t next_addend(uint32x4_t (&w)[4]) {
    const uint32x4_t addend = vaddq_u32(w[Group % 4], vld1q_u32(kSha256RoundConstants + 4 * Group));
    if constexpr (Group < 12) {
        w[Group % 4] = next_words(w[Group % 4], w[(Group + 1) % 4], w[(Group + 2) % 4], w[(Group + 3) % 4]);
    }
    return addend;
}

// Both instructions want the state before the rounds: each gives one half of the state after them.
[[gnu::always_inline]] inline State four_rounds(State before, uint32x4_t addend) {
    return {vsha256hq_u32(before.abcd, before.efgh, addend),
            vsha256h2q_u32(before.efgh, before.abcd, addend)};
}

inline State sum(State a, State b) {
    return {vaddq_u32(a.abcd, b.abcd), vaddq_u32(a.efgh, b.efgh)};
}

// One block; `keep` is told what each group of four rounds adds.
template <class Keep, std::size_t... Groups>
[[gnu::always_inline]] inline State compress(State before, const std::uint8_t* first_half,
                                             const std::uint8_t* second_half, Keep keep,
                                             std::index_sequence<Groups...>) {
    uint32x4_t w[4] = {load_words(first_half), load_words(first_half + 16), load_words(second_half),
                       load_words(second_half + 16)};
    State state = before;
    const auto group = [&](std::size_t number, uint32x4_t addend) {
        keep(number, addend);
        state = four_rounds(state, addend);
    };
    (group(Groups, next_addend<Groups>(w)), ...);
    return sum(state, before);
}

constexpr auto kGroups = std::make_index_sequence<16>{};
constexpr auto kKeepNothing = [](std::size_t, uint32x4_t) {};

// One block of which is known what each group adds: nothing but instructions that wait for one another.
[[gnu::always_inline]] inline State compress_again(State before, const uint32x4_t* addends) {
    State state = before;
#pragma GCC unroll 16
    for (std::size_t group = 0; group < kGroups.size(); ++group) {
        state = four_rounds(state, addends[group]);
    }
    return sum(state, before);
}

void absorb(std::uint32_t* words, const std::uint8_t* data, std::size_t blocks) {
    State state = load_state(words);
    for (; blocks > 0; --blocks, data += 64) {
        state = compress(state, data, data + 32, kKeepNothing, kGroups);
    }
    vst1q_u32(words, state.abcd);
    vst1q_u32(words + 4, state.efgh);
}

// Both cache lines, if it lies across two.
void prefetch_half(const std::uint8_t* half) {
    __builtin_prefetch(half);
    __builtin_prefetch(half + 31);
}

void finish_label(const std::uint32_t* words, const CyclicMessage& message, const std::uint8_t* const* soon,
                  std::uint8_t* label) {
    uint32x4_t kept[kMostBlocksInTurn][kGroups.size()];
    State state = load_state(words);
    for (std::size_t block = 0; block < message.blocks_in_turn; ++block) {
        prefetch_half(soon[2 * block]);
        prefetch_half(soon[2 * block + 1]);
        const auto keep = [addends = kept[block]](std::size_t group, uint32x4_t addend) {
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
    // Cleared here: the next call loads what is stored here as a whole, and would wait for a byte stored
    // apart.
    const uint32x4_t label_bits = vsetq_lane_u32(~std::uint32_t{0xc0}, vdupq_n_u32(~std::uint32_t{0}), 3);
    vst1q_u8(label, reverse_bytes_of_words(state.abcd));
    vst1q_u8(label + 16, reverse_bytes_of_words(vandq_u32(state.efgh, label_bits)));
}

}  // namespace

const Sha256Kernel kSha256Armv8{"ARMv8", absorb, finish_label};

}  // namespace pc1
