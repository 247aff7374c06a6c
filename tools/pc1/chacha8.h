// ChaCha with eight rounds as a generator of random numbers: 64-bit block counter from 0, stream 0. Never
// fails.
#pragma once

#include "tools/pc1/bytes.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace pc1 {

// Two blocks of output, which are sixteen 64-bit draws; one node's base parents take ten of them.
inline constexpr std::size_t kChachaDraws = 16;

// The first draws under `key`, in order: each is two words of the key stream, the low half first.
[[nodiscard]] std::array<std::uint64_t, kChachaDraws> chacha8_draws(const Bytes32& key);

}  // namespace pc1
