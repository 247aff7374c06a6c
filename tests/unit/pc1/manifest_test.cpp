// What a folder of layers says about itself.
#include "tools/pc1/manifest.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>

namespace pc1 {
namespace {

Bytes32 filled(std::uint8_t byte) {
    Bytes32 bytes{};
    bytes.fill(byte);
    return bytes;
}

Manifest example() {
    return {.sector = {.sector_size = 2048,
                       .api_version = ApiVersion::kV1_2,
                       .porep_id = filled(5),
                       .replica_id = filled(9)},
            .digests = {{1, filled(0x11)}, {11, filled(0xbb)}}};
}

TEST(Manifest, ComesBackFromItsJson) {
    const auto read = manifest_from_json(to_json(example()));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(differences(read->sector, example().sector), "");
    EXPECT_EQ(read->sector.api_version, ApiVersion::kV1_2);
    EXPECT_EQ(read->digests, example().digests);
}

TEST(Manifest, IsNotReadIfAnyOfItMakesNoSense) {
    const std::string good = to_json(example());
    const std::pair<const char*, const char*> kSpoils[] = {
        {"\"schema_version\": 1", "\"schema_version\": 2"},
        {"sector_size", "size"},
        {"2048", "-2048"},
        {"2048", "2048.5"},
        {"2048", "\"2048\""},
        {"\"1.2\"", "\"1.3\""},
        {"\"1.2\"", "1.2"},
        {"0505", "05"},
        {"0909", "xyzt"},
        {"\"layer\": 11", "\"layer\": 4294967307"},
        {"\"layer\": 11", "\"layer\": 12"},
        {"\"sc-02-data-layer-1.dat\"", "\"/etc/passwd\""},
        {"bbbb", "bbb"},
        {"}", ""},
        {"{", "[{"},
    };
    ASSERT_TRUE(manifest_from_json(good).has_value());
    for (const auto& [part, spoilt] : kSpoils) {
        std::string text = good;
        ASSERT_NE(text.find(part), std::string::npos) << part;
        text.replace(text.find(part), std::string(part).size(), spoilt);
        EXPECT_FALSE(manifest_from_json(text).has_value()) << text;
    }
    for (const char* text : {"", "null", "[]", "{}", "17", "\"text\"", "\xff"}) {
        EXPECT_FALSE(manifest_from_json(text).has_value()) << text;
    }
}

TEST(Manifest, TellsWhatMakesSectorsDiffer) {
    const SectorIdentity sector = example().sector;
    SectorIdentity other = sector;
    other.api_version = ApiVersion::kV1_1;
    EXPECT_EQ(differences(sector, other), "");
    other.api_version = ApiVersion::kV1_0;
    EXPECT_EQ(differences(sector, other), "API version");
    other.sector_size = 4096;
    other.porep_id = filled(6);
    other.replica_id = filled(8);
    EXPECT_EQ(differences(sector, other), "sector size, API version, PoRep id, replica id");
}

TEST(Manifest, KnowsTheNamesOfSealersForLayersAndNoOthers) {
    EXPECT_EQ(layer_file_name(11), "sc-02-data-layer-11.dat");
    EXPECT_EQ(layer_of_file_name("sc-02-data-layer-11.dat"), 11U);
    EXPECT_EQ(layer_of_file_name(layer_file_name(4294967295)), 4294967295U);
    for (const char* name :
         {"", "sc-02", "sc-02-data-layer-.dat", "sc-02-data-layer-01.dat", "sc-02-data-layer-1.dat.tmp",
          "sc-02-data-layer-4294967297.dat", "sc-02-data-layer--1.dat", "sc-02-data-tree-c-1.dat"}) {
        EXPECT_EQ(layer_of_file_name(name), std::nullopt) << name;
    }
}

}  // namespace
}  // namespace pc1
