// What is known of each size.
#include "tools/pc1/sector.h"

namespace pc1 {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;

struct KnownSector {
    std::uint64_t bytes;
    std::uint32_t layers;
    std::uint8_t seal_proof = 0;  // of the first generation; the sizes without are of other software's tests
};

constexpr KnownSector kKnownSectors[] = {
    {2 * kKiB, 2, 0}, {4 * kKiB, 2},      {16 * kKiB, 2}, {32 * kKiB, 2},     {8 * kMiB, 2, 1},
    {16 * kMiB, 2},   {512 * kMiB, 2, 2}, {1 * kGiB, 2},  {32 * kGiB, 11, 3}, {64 * kGiB, 11, 4}};

// Seal proofs of the second generation are numbered on from those of the first.
constexpr std::uint8_t kSecondGeneration = 5;

std::optional<KnownSector> find_known(std::uint64_t bytes) {
    for (const KnownSector& sector : kKnownSectors) {
        if (sector.bytes == bytes) {
            return sector;
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> default_layers(std::uint64_t bytes) {
    const auto known = find_known(bytes);
    return known ? std::optional(known->layers) : std::nullopt;
}

Bytes32 default_porep_id(std::uint64_t bytes, ApiVersion version) {
    const auto known = find_known(bytes);
    const unsigned generation = version == ApiVersion::kV1_0 ? 0 : kSecondGeneration;
    return {static_cast<std::uint8_t>(generation + (known ? known->seal_proof : 0U))};
}

}  // namespace pc1
