// A sector, and the parameters that the network's proofs of its size use (section 1 of the SDR
// specification).
#pragma once

#include "tools/pc1/graph.h"

#include <cstdint>
#include <optional>

namespace pc1 {

// All that its graph depends on.
struct Sector {
    std::uint64_t bytes = 0;  // a multiple of kNodeBytes, with at most kMostNodes of them
    ApiVersion api_version = ApiVersion::kV1_1;
    Bytes32 porep_id{};

    [[nodiscard]] std::uint64_t nodes() const { return bytes / kNodeBytes; }
    [[nodiscard]] Graph graph() const { return {nodes(), api_version, porep_id}; }
};

// The number of layers of the proofs of this size; nullopt where none are known.
[[nodiscard]] std::optional<std::uint32_t> default_layers(std::uint64_t bytes);

// The PoRep id of the registered proof of this size (with nonce 0); for other sizes all zero bytes in the
// first generation of proofs (API 1.0), 5 and then zero bytes in the second.
[[nodiscard]] Bytes32 default_porep_id(std::uint64_t bytes, ApiVersion version);

}  // namespace pc1
