// BLAKE2b-512 without key (RFC 7693) of messages of 16 bytes, the only kind that the graph needs.
//
// The expander parents of one node take 24 of them, each independent of its neighbours, so they are computed
// eight at a time, one message to a lane. Thread-safe, never fails.
#pragma once

#include "tools/pc1/blake2b_kernels.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pc1 {

inline constexpr std::size_t kBlake2bLanes = 8;

// The digest of the 16 bytes le64(first_word) || le64(second_word).
[[nodiscard]] std::array<std::uint8_t, 64> blake2b_512(std::uint64_t first_word, std::uint64_t second_word);

// Every implementation that this CPU can run and that gives the same results as the portable one, fastest
// first, the portable one last. Tested at the first call, the same ever after; thread-safe.
[[nodiscard]] const std::vector<const Blake2bKernel*>& blake2b_kernels();

// The first of them.
[[nodiscard]] const Blake2bKernel& best_blake2b_kernel();

}  // namespace pc1
