// Something to read where no labels were computed.
#pragma once

#include <cstdint>
#include <span>

namespace pc1 {

// Fills `bytes` (a multiple of 8) with numbers of a fixed sequence that `seed` chooses, the same ever after,
// by `threads` >= 1 threads, as fast as memory can be written.
void fill_pseudo_random(std::span<std::uint8_t> bytes, std::uint64_t seed, unsigned threads);

}  // namespace pc1
