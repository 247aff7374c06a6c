// What follows from the size of a sector: its nodes, and the parameters that the network's proofs of that
// size use (section 1 of the SDR specification).
#pragma once

#include "tools/pc1/graph.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pc1 {

// "2KiB", "64 MiB", "1GB" or plain bytes: KiB, MiB, GiB, TiB are powers of 1024, KB, MB, GB, TB powers of
// 1000, in any case. nullopt for anything else or for 2^64 and more. Whole numbers only.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

// For people to read, in binary units: 67108864 -> "64 MiB", 1536 -> "1.5 KiB", 96 -> "96 bytes".
[[nodiscard]] std::string size_text(std::uint64_t bytes);

// Why no sector can have this size; nullopt if it can.
[[nodiscard]] std::optional<std::string> why_not_a_sector_size(std::uint64_t bytes);

// The number of layers of the proofs of this size; nullopt where none are known.
[[nodiscard]] std::optional<std::uint32_t> default_layers(std::uint64_t sector_size);

// The PoRep id of the registered proof of this size (with nonce 0); for other sizes all zero bytes in the
// first generation of proofs (API 1.0), 5 and then zero bytes in the second.
[[nodiscard]] Bytes32 default_porep_id(std::uint64_t sector_size, ApiVersion version);

}  // namespace pc1
