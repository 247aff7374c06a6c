// What the network's proofs of a size use.
#include "tools/pc1/sector.h"

#include "sizes.h"

#include <gmock/gmock.h>

namespace pc1 {
namespace {

using testing::Eq;

TEST(Sector, HasTwoLayersWhereItIsForTestsAndElevenInProduction) {
    for (const std::uint64_t size : {2 * kKiB, 8 * kMiB, 64 * kMiB, 512 * kMiB, 1 * kGiB}) {
        EXPECT_EQ(default_layers(size), 2) << size;
    }
    EXPECT_EQ(default_layers(32 * kGiB), 11);
    EXPECT_EQ(default_layers(64 * kGiB), 11);
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
