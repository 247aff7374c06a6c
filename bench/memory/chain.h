// A cycle through all slots of a buffer in an order that no prefetcher can guess, made in one quick pass:
// each slot says which is next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bench {

// 32 bytes, as a label of PC1. All four words make the number of the next slot, so all are read.
struct Slot {
    std::array<std::uint64_t, 4> words;

    [[nodiscard]] std::uint64_t next() const { return words[0] ^ words[1] ^ words[2] ^ words[3]; }
};

// Of an odd number, modulo 2^64, by Newton's method.
constexpr std::uint64_t inverse_of(std::uint64_t odd) {
    std::uint64_t x = odd;
    for (int i = 0; i < 6; ++i) {
        x *= 2 - odd * x;
    }
    return x;
}

// The order: the slots of(0), of(1), of(2) … where `of` is a bijection on the numbers below 2^bits that
// scatters them (multiplications by odd numbers and shifts, each of which can be undone). Since it can be
// undone, each slot's next is known without making the slots before it: slots are written in the order of
// their addresses, by any number of threads.
class Order {
  public:
    explicit Order(unsigned bits)
        : mask_(bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1), shift_((bits + 1) / 2) {}

    [[nodiscard]] std::uint64_t of(std::uint64_t place) const {
        for (int round = 0; round < kRounds; ++round) {
            place = fold(place * kFirst & mask_);
            place = fold(place * kSecond & mask_);
        }
        return place;
    }
    [[nodiscard]] std::uint64_t place_of(std::uint64_t slot) const {
        for (int round = 0; round < kRounds; ++round) {
            slot = fold(slot) * kSecondInverse & mask_;
            slot = fold(slot) * kFirstInverse & mask_;
        }
        return slot;
    }
    [[nodiscard]] std::uint64_t after(std::uint64_t slot) const { return of((place_of(slot) + 1) & mask_); }

  private:
    static constexpr int kRounds = 2;  // with one, distances come again more often than by chance
    static constexpr std::uint64_t kFirst = 0x9e37'79b9'7f4a'7c15;
    static constexpr std::uint64_t kSecond = 0xd6e8'feb8'6659'fd93;
    static constexpr std::uint64_t kFirstInverse = inverse_of(kFirst);
    static constexpr std::uint64_t kSecondInverse = inverse_of(kSecond);
    static_assert(kFirst * kFirstInverse == 1 && kSecond * kSecondInverse == 1);

    // Its own inverse, since it shifts by at least half of the bits.
    [[nodiscard]] std::uint64_t fold(std::uint64_t x) const { return x ^ x >> shift_; }

    std::uint64_t mask_;
    unsigned shift_;
};

// Writes those slots of the cycle.
inline void write_chain(Slot* slots, const Order& order, std::uint64_t begin, std::uint64_t end) {
    for (std::uint64_t i = begin; i < end; ++i) {
        const std::uint64_t mark = i * 0x2545'f491'4f6c'dd1d;
        slots[i].words = {order.after(i) ^ mark, mark, ~mark, ~mark};
    }
}

}  // namespace bench
