// ChaCha8, two blocks side by side: each row of a block's 4 x 4 words is one vector, so a quarter round works
// on the four columns (or, with the rows turned, diagonals) of both blocks at once.
#include "tools/pc1/chacha8.h"

namespace pc1 {
namespace {

constexpr int kDoubleRounds = 4;
constexpr std::size_t kRow = 4;     // words
constexpr std::size_t kBlocks = 2;  // the first half of a vector belongs to block 0, the second to block 1

using Rows = std::uint32_t __attribute__((vector_size(kBlocks * kRow * sizeof(std::uint32_t))));

template <int Bits>
[[gnu::always_inline]] inline void xor_rotate(Rows& row, const Rows& other) {
    row ^= other;
    row = (row << Bits) | (row >> (32 - Bits));
}

[[gnu::always_inline]] inline void quarter_rounds(Rows& a, Rows& b, Rows& c, Rows& d) {
    a += b;
    xor_rotate<16>(d, a);
    c += d;
    xor_rotate<12>(b, c);
    a += b;
    xor_rotate<8>(d, a);
    c += d;
    xor_rotate<7>(b, c);
}

// Moves the words of each row down by N places, those that fall off come in again at the end.
template <int N>
[[gnu::always_inline]] inline void turn(Rows& row) {
    row = __builtin_shufflevector(row, row, N % 4, (N + 1) % 4, (N + 2) % 4, (N + 3) % 4, 4 + N % 4,
                                  4 + (N + 1) % 4, 4 + (N + 2) % 4, 4 + (N + 3) % 4);
}

}  // namespace

std::array<std::uint64_t, kChachaDraws> chacha8_draws(const Bytes32& key) {
    Rows before[4];
    before[0] =
        Rows{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    for (std::size_t i = 0; i < kRow; ++i) {
        before[1][i] = before[1][kRow + i] = load_le<std::uint32_t>(key.data() + 4 * i);
        before[2][i] = before[2][kRow + i] = load_le<std::uint32_t>(key.data() + 16 + 4 * i);
    }
    before[3] = Rows{0, 0, 0, 0, 1, 0, 0, 0};  // block counter, stream

    Rows a = before[0];
    Rows b = before[1];
    Rows c = before[2];
    Rows d = before[3];
    for (int i = 0; i < kDoubleRounds; ++i) {
        quarter_rounds(a, b, c, d);
        turn<1>(b);
        turn<2>(c);
        turn<3>(d);
        quarter_rounds(a, b, c, d);
        turn<3>(b);
        turn<2>(c);
        turn<1>(d);
    }
    const Rows after[4] = {a + before[0], b + before[1], c + before[2], d + before[3]};

    std::array<std::uint64_t, kChachaDraws> draws{};
    for (std::size_t i = 0; i < draws.size(); ++i) {
        const std::size_t block = i / 8;
        const std::size_t word = 2 * (i % 8);  // within the block
        const std::size_t column = kRow * block + word % kRow;
        const Rows& row = after[word / kRow];
        draws[i] = row[column] | static_cast<std::uint64_t>(row[column + 1]) << 32;
    }
    return draws;
}

}  // namespace pc1
