// The SHA-256 compression function in plain C++ and with the CPU's own instructions (FIPS 180-4); hash.h
// chooses. Free of inline functions, so that the file with special compile flags may include it.
//
// All take the eight state words in the standard's order, absorb whole blocks of 64 bytes into them, need no
// alignment but where it is named, never fail and are thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pc1 {

// A message whose blocks come again and again, as a node's parents do. Halves of a block are 32 bytes each,
// so labels are hashed where they lie.
struct CyclicMessage {
    const std::uint8_t* const* halves;  // of the blocks of one turn, two for each
    std::size_t blocks_in_turn;         // at most kMostBlocksInTurn
    std::size_t blocks;                 // in all turns, the last of which may stop short
    const std::uint8_t* last[2];        // the halves of the one block after them
};
inline constexpr std::size_t kMostBlocksInTurn = 7;

struct Sha256Kernel {
    const char* name;

    // `blocks` blocks, two halves for each.
    void (*absorb)(std::uint32_t* state, const std::uint8_t* const* halves, std::size_t blocks);

    // Absorbs the message and writes the label: the digest, 32 bytes, with the two top bits of the last byte
    // cleared. What a block adds to the rounds (its schedule) is computed in the first turn and kept for the
    // others.
    //
    // While the first turn is hashed, the 32 bytes at soon[i] are fetched into the cache along with
    // halves[i], for a later call (in memory from calloc every second label lies across two lines). That is
    // done here because a prefetch that misses the TLB holds up the instructions behind it: a dozen at once
    // cost as much as the hashing, two for each block next to nothing.
    void (*finish_label)(const std::uint32_t* state, const CyclicMessage& message,
                         const std::uint8_t* const* soon, std::uint8_t* label);
};

// Runs everywhere; the other is measured against it.
extern const Sha256Kernel kSha256Portable;

// With the SHA-2 instructions of x86-64 or ARMv8; only where they are compiled in (PC1_X86_64, PC1_AARCH64),
// to be used only if the CPU has them.
extern const Sha256Kernel kSha256Instructions;

inline constexpr std::uint32_t kSha256InitialState[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

alignas(16) inline constexpr std::uint32_t kSha256RoundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// Half a block: both cache lines, if it lies across two.
inline void prefetch_half(const std::uint8_t* half) {
    __builtin_prefetch(half);
    __builtin_prefetch(half + 31);
}

}  // namespace pc1
