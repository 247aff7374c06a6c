// pc1-label.json, which says of a folder whose layers it holds and what their digests are.
#pragma once

#include "tools/pc1/graph.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pc1 {

inline constexpr const char* kManifestName = "pc1-label.json";

// All that the labels of a layer depend on, besides its number.
struct SectorIdentity {
    std::uint64_t sector_size = 0;  // bytes
    ApiVersion api_version = ApiVersion::kV1_1;
    Bytes32 porep_id{};
    Bytes32 replica_id{};
};

// Why the labels of two sectors are not the same, e.g. "sector size, replica id"; empty if they are. The API
// versions 1.1 and 1.2 make no difference.
[[nodiscard]] std::string differences(const SectorIdentity& one, const SectorIdentity& other);

struct Manifest {
    SectorIdentity sector;
    std::map<std::uint32_t, Bytes32> digests;  // SHA-256 of the complete layers, by their numbers
};

// sc-02-data-layer-<number>.dat, as sealers call it.
[[nodiscard]] std::string layer_file_name(std::uint32_t number);

// The other way round; nullopt for any other name.
[[nodiscard]] std::optional<std::uint32_t> layer_of_file_name(std::string_view name);

// One object on lines of its own.
[[nodiscard]] std::string to_json(const Manifest& manifest);

// nullopt for anything that to_json() does not give.
[[nodiscard]] std::optional<Manifest> manifest_from_json(std::string_view text);

}  // namespace pc1
