// BLAKE2b-512 without key (RFC 7693) of messages of 16 bytes, the only kind that the graph needs. There is
// one plain implementation: a graph takes some hundred thousand digests when it is made, and none afterwards
// (feistel.h). Pure, thread-safe, never fails.
#pragma once

#include <array>
#include <cstdint>

namespace pc1 {

// The digest of the 16 bytes le64(first) || le64(second), as eight words le64.
[[nodiscard]] std::array<std::uint64_t, 8> blake2b_512(std::uint64_t first, std::uint64_t second);

}  // namespace pc1
