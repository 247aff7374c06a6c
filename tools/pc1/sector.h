// A sector, and the parameters that the network's proofs of its size use (section 1 of the SDR
// specification).
#pragma once

#include "tools/pc1/graph.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace pc1 {

// All that its graph depends on.
struct Sector {
    std::uint64_t bytes = 0;  // a multiple of kNodeBytes, with at most kMostNodes of them
    ApiVersion api_version = ApiVersion::kV1_1;
    Bytes32 porep_id{};

    [[nodiscard]] std::uint64_t nodes() const { return bytes / kNodeBytes; }
    [[nodiscard]] Graph graph() const { return {nodes(), api_version, porep_id}; }
};

// The number of layers: two of the network's sectors for tests, eleven of those in production.
[[nodiscard]] constexpr std::uint32_t default_layers(std::uint64_t bytes) {
    return bytes < std::uint64_t{32} << 30 ? 2 : 11;
}

// The PoRep id of the registered proof of this size (with nonce 0); for other sizes all zero bytes in the
// first generation of proofs (API 1.0), 5 and then zero bytes in the second.
[[nodiscard]] inline Bytes32 default_porep_id(std::uint64_t bytes, ApiVersion version) {
    // Numbered in this order; the second generation goes on from the first.
    constexpr std::uint64_t kRegistered[] = {2UL << 10, 8UL << 20, 512UL << 20, 32UL << 30, 64UL << 30};
    const auto* const found = std::ranges::find(kRegistered, bytes);
    const auto number = found == std::end(kRegistered) ? 0 : found - std::begin(kRegistered);
    const auto first = version == ApiVersion::kV1_0 ? 0 : std::ssize(kRegistered);
    return {static_cast<std::uint8_t>(first + number)};
}

}  // namespace pc1
