// SHA-256 compression in plain C++: the reference for the others.
#include "tools/pc1/sha256_kernels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace pc1 {
namespace {

std::uint32_t load_be32(const std::uint8_t* from) {
    return static_cast<std::uint32_t>(from[0]) << 24 | static_cast<std::uint32_t>(from[1]) << 16 |
           static_cast<std::uint32_t>(from[2]) << 8 | static_cast<std::uint32_t>(from[3]);
}

void store_be32(std::uint8_t* to, std::uint32_t word) {
    for (std::size_t i = 0; i < 4; ++i) {
        to[i] = static_cast<std::uint8_t>(word >> (24 - 8 * i));
    }
}

std::uint32_t big_sigma0(std::uint32_t x) {
    return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22);
}
std::uint32_t big_sigma1(std::uint32_t x) {
    return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25);
}
std::uint32_t small_sigma0(std::uint32_t x) {
    return std::rotr(x, 7) ^ std::rotr(x, 18) ^ (x >> 3);
}
std::uint32_t small_sigma1(std::uint32_t x) {
    return std::rotr(x, 17) ^ std::rotr(x, 19) ^ (x >> 10);
}
std::uint32_t choose(std::uint32_t e, std::uint32_t f, std::uint32_t g) {
    return g ^ (e & (f ^ g));
}
std::uint32_t majority(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    return (a & b) | (c & (a | b));
}

// The eight working variables; instead of moving them down one place after each round, round i finds variable
// k (0 = a) in place (k - i) mod 8.
using Working = std::array<std::uint32_t, 8>;

template <std::size_t Round>
[[gnu::always_inline]] inline void one_round(Working& v, std::uint32_t addend) {
    constexpr auto place = [](std::size_t variable) { return (variable + 64 - Round) % 8; };
    const std::uint32_t e = v[place(4)];
    const std::uint32_t a = v[place(0)];
    const std::uint32_t t1 = v[place(7)] + big_sigma1(e) + choose(e, v[place(5)], v[place(6)]) + addend;
    v[place(3)] += t1;
    v[place(7)] = t1 + big_sigma0(a) + majority(a, v[place(1)], v[place(2)]);
}

template <std::size_t... Rounds>
[[gnu::always_inline]] inline void eight_rounds(Working& v, const std::uint32_t* addends,
                                                std::index_sequence<Rounds...> /*rounds*/) {
    (one_round<Rounds>(v, addends[Rounds]), ...);
}

// The message schedule of a block, each word with its round's constant.
using Schedule = std::array<std::uint32_t, 64>;

void expand(Schedule& schedule, const std::uint8_t* first_half, const std::uint8_t* second_half) {
    Schedule w;
    for (std::size_t i = 0; i < 8; ++i) {
        w[i] = load_be32(first_half + 4 * i);
        w[8 + i] = load_be32(second_half + 4 * i);
    }
    for (std::size_t i = 16; i < w.size(); ++i) {
        w[i] = small_sigma1(w[i - 2]) + w[i - 7] + small_sigma0(w[i - 15]) + w[i - 16];
    }
    for (std::size_t i = 0; i < w.size(); ++i) {
        schedule[i] = w[i] + kSha256RoundConstants[i];
    }
}

void compress(std::uint32_t* state, const Schedule& schedule) {
    Working v;
    std::copy_n(state, v.size(), v.begin());
    for (std::size_t i = 0; i < schedule.size(); i += 8) {
        eight_rounds(v, schedule.data() + i, std::make_index_sequence<8>{});
    }
    for (std::size_t i = 0; i < v.size(); ++i) {
        state[i] += v[i];
    }
}

void absorb(std::uint32_t* state, const std::uint8_t* data, std::size_t blocks) {
    Schedule schedule;
    for (; blocks > 0; --blocks, data += 64) {
        expand(schedule, data, data + 32);
        compress(state, schedule);
    }
}

// Both cache lines, if it lies across two.
void prefetch_half(const std::uint8_t* half) {
    __builtin_prefetch(half);
    __builtin_prefetch(half + 31);
}

void finish_label(const std::uint32_t* words, const CyclicMessage& message, const std::uint8_t* const* soon,
                  std::uint8_t* label) {
    std::array<Schedule, kMostBlocksInTurn> kept;
    std::array<std::uint32_t, 8> state;
    std::copy_n(words, state.size(), state.begin());
    for (std::size_t block = 0; block < message.blocks; ++block) {
        Schedule& schedule = kept[block % message.blocks_in_turn];
        if (block < message.blocks_in_turn) {
            prefetch_half(soon[2 * block]);
            prefetch_half(soon[2 * block + 1]);
            expand(schedule, message.halves[2 * block], message.halves[2 * block + 1]);
        }
        compress(state.data(), schedule);
    }
    expand(kept[0], message.last[0], message.last[1]);
    compress(state.data(), kept[0]);
    for (std::size_t i = 0; i < state.size(); ++i) {
        store_be32(label + 4 * i, state[i]);
    }
    label[31] &= 0x3f;
}

}  // namespace

const Sha256Kernel kSha256Portable{"portable", absorb, finish_label};

}  // namespace pc1
