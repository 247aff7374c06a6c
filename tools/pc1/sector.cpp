// Sector sizes as text, and the parameters that belong to them.
#include "tools/pc1/sector.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

namespace pc1 {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;
constexpr std::uint64_t kTiB = 1024 * kGiB;

struct Unit {
    std::string_view name;  // lower case
    std::uint64_t bytes;
};

constexpr std::array<Unit, 10> kUnits{{{"", 1},
                                       {"b", 1},
                                       {"kib", kKiB},
                                       {"mib", kMiB},
                                       {"gib", kGiB},
                                       {"tib", kTiB},
                                       {"kb", 1'000},
                                       {"mb", 1'000'000},
                                       {"gb", 1'000'000'000},
                                       {"tb", 1'000'000'000'000}}};

struct KnownSector {
    std::uint64_t bytes;
    std::uint32_t layers;
    int seal_proof;  // of the first generation; negative: only other software's tests use this size
};

constexpr std::array<KnownSector, 10> kKnownSectors{{{2 * kKiB, 2, 0},
                                                     {4 * kKiB, 2, -1},
                                                     {16 * kKiB, 2, -1},
                                                     {32 * kKiB, 2, -1},
                                                     {8 * kMiB, 2, 1},
                                                     {16 * kMiB, 2, -1},
                                                     {512 * kMiB, 2, 2},
                                                     {1 * kGiB, 2, -1},
                                                     {32 * kGiB, 11, 3},
                                                     {64 * kGiB, 11, 4}}};

// Seal proofs of the second generation are numbered on from those of the first.
constexpr int kSecondGeneration = 5;

const KnownSector* find_known(std::uint64_t bytes) {
    for (const KnownSector& sector : kKnownSectors) {
        if (sector.bytes == bytes) {
            return &sector;
        }
    }
    return nullptr;
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& letter : lower) {
        if (letter >= 'A' && letter <= 'Z') {
            letter = static_cast<char>(letter - 'A' + 'a');
        }
    }
    return lower;
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.size() > 1 && text.front() == ' ') {
        text.remove_prefix(1);
    }
    const std::string name = lower_case(text);
    for (const Unit& unit : kUnits) {
        std::uint64_t bytes = 0;
        if (unit.name == name) {
            return __builtin_mul_overflow(number, unit.bytes, &bytes) ? std::nullopt : std::optional(bytes);
        }
    }
    return std::nullopt;
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::array<std::pair<std::uint64_t, const char*>, 4> kBinary{
        {{kTiB, "TiB"}, {kGiB, "GiB"}, {kMiB, "MiB"}, {kKiB, "KiB"}}};
    std::array<char, 32> text{};
    for (const auto& [unit, name] : kBinary) {
        if (bytes >= unit) {
            const int decimals = bytes % unit == 0 ? 0 : 1;
            std::snprintf(text.data(), text.size(), "%.*f %s", decimals,
                          static_cast<double>(bytes) / static_cast<double>(unit), name);
            return text.data();
        }
    }
    return std::to_string(bytes) + " bytes";
}

std::optional<std::string> why_not_a_sector_size(std::uint64_t bytes) {
    if (bytes == 0) {
        return "a sector cannot be empty";
    }
    if (bytes % kNodeBytes != 0) {
        return "a sector is made of nodes of 32 bytes, and this is no multiple of 32";
    }
    if (bytes / kNodeBytes > kMostNodes) {
        return "a sector has at most 4294967295 nodes of 32 bytes (just under 128 GiB)";
    }
    return std::nullopt;
}

std::optional<std::uint32_t> default_layers(std::uint64_t sector_size) {
    const KnownSector* known = find_known(sector_size);
    return known == nullptr ? std::nullopt : std::optional(known->layers);
}

Bytes32 default_porep_id(std::uint64_t sector_size, ApiVersion version) {
    const KnownSector* known = find_known(sector_size);
    const int seal_proof = known == nullptr || known->seal_proof < 0 ? 0 : known->seal_proof;
    Bytes32 porep_id{};
    porep_id[0] =
        static_cast<std::uint8_t>(seal_proof + (version == ApiVersion::kV1_0 ? 0 : kSecondGeneration));
    return porep_id;
}

}  // namespace pc1
