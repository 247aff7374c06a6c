// Sizes as text, and what the network's proofs of a size use.
#include "tools/pc1/sector.h"

#include "sizes.h"

#include <gmock/gmock.h>

namespace pc1 {
namespace {

using testing::Eq;
using testing::Optional;

TEST(SizeText, KnowsBinaryFromDecimalUnits) {
    EXPECT_THAT(parse_size("2048"), Optional(2048U));
    EXPECT_THAT(parse_size("7B"), Optional(7U));
    EXPECT_THAT(parse_size("2KiB"), Optional(2048U));
    EXPECT_THAT(parse_size("2KB"), Optional(2000U));
    EXPECT_THAT(parse_size("64MiB"), Optional(64 * kMiB));
    EXPECT_THAT(parse_size("64 mib"), Optional(64 * kMiB));
    EXPECT_THAT(parse_size("3MB"), Optional(3'000'000U));
    EXPECT_THAT(parse_size("32GIB"), Optional(32 * kGiB));
    EXPECT_THAT(parse_size("1gb"), Optional(1'000'000'000U));
    EXPECT_THAT(parse_size("1TiB"), Optional(1024 * kGiB));
}

TEST(SizeText, TakesNothingElse) {
    for (const char* text : {"", " ", "KiB", "-1", "+1", "1.5GiB", "1 ", " 1", "1  KiB", "1KiBx", "1K", "1 0",
                             "0x10", "18446744073709551616", "16777216TiB"}) {
        EXPECT_EQ(parse_size(text), std::nullopt) << "'" << text << "'";
    }
}

TEST(SizeText, IsShortForPeople) {
    EXPECT_EQ(size_text(0), "0 bytes");
    EXPECT_EQ(size_text(96), "96 bytes");
    EXPECT_EQ(size_text(2 * kKiB), "2 KiB");
    EXPECT_EQ(size_text(1536), "1.5 KiB");
    EXPECT_EQ(size_text(64 * kMiB), "64 MiB");
    EXPECT_EQ(size_text(1024 * kGiB), "1 TiB");
}

TEST(Sector, IsMadeOfWholeNodesWhoseNumbersFit32Bits) {
    EXPECT_EQ(why_not_a_sector_size(32), std::nullopt);
    EXPECT_EQ(why_not_a_sector_size(64 * kGiB), std::nullopt);
    EXPECT_EQ(why_not_a_sector_size(128 * kGiB - 32), std::nullopt);
    EXPECT_NE(why_not_a_sector_size(0), std::nullopt);
    EXPECT_NE(why_not_a_sector_size(33), std::nullopt);
    EXPECT_NE(why_not_a_sector_size(128 * kGiB), std::nullopt);
}

TEST(Sector, HasTwoLayersWhereItIsForTestsAndElevenInProduction) {
    for (const std::uint64_t size :
         {2 * kKiB, 4 * kKiB, 16 * kKiB, 32 * kKiB, 8 * kMiB, 16 * kMiB, 512 * kMiB, 1 * kGiB}) {
        EXPECT_THAT(default_layers(size), Optional(2U)) << size;
    }
    EXPECT_THAT(default_layers(32 * kGiB), Optional(11U));
    EXPECT_THAT(default_layers(64 * kGiB), Optional(11U));
    EXPECT_EQ(default_layers(64 * kMiB), std::nullopt);
}

TEST(Sector, HasThePorepIdOfItsRegisteredProof) {
    std::uint8_t number = 0;
    for (const std::uint64_t size : {2 * kKiB, 8 * kMiB, 512 * kMiB, 32 * kGiB, 64 * kGiB}) {
        EXPECT_THAT(default_porep_id(size, ApiVersion::kV1_0), Eq(Bytes32{number})) << size;
        const auto second_generation = static_cast<std::uint8_t>(number + 5);
        EXPECT_THAT(default_porep_id(size, ApiVersion::kV1_1), Eq(Bytes32{second_generation})) << size;
        EXPECT_THAT(default_porep_id(size, ApiVersion::kV1_2), Eq(Bytes32{second_generation})) << size;
        ++number;
    }
    EXPECT_THAT(default_porep_id(64 * kMiB, ApiVersion::kV1_0), Eq(Bytes32{0}));
    EXPECT_THAT(default_porep_id(64 * kMiB, ApiVersion::kV1_1), Eq(Bytes32{5}));
}

}  // namespace
}  // namespace pc1
