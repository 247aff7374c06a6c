// What a folder is looked through for before it is used.
#include "tests/support/mount_namespace.h"
#include "tests/unit/pc1/output_folder_fixture.h"
#include "tools/pc1/output_folder.h"

#include <gmock/gmock.h>

namespace pc1 {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(OutputFolderTest, RefusesLayersOfAnotherSectorAndTouchesNothing) {
    write_layers(2);
    const auto before = files_in(folder());
    SectorIdentity other = sector_of(kSize);
    other.api_version = ApiVersion::kV1_2;
    EXPECT_EQ(refusal(folder(), other, kThree), "");
    other.replica_id.fill(7);
    EXPECT_EQ(refusal(folder(), other, kThree),
              folder().string() +
                  " holds layers of another sector (different: replica id); choose another "
                  "folder, or remove the files of that one");
    EXPECT_THAT(refusal(folder(), sector_of(4096), kThree), HasSubstr("(different: sector size)"));
    EXPECT_EQ(files_in(folder()), before);
}

TEST_F(OutputFolderTest, RefusesToReplaceALayerThatItsManifestDoesNotName) {
    const auto in_the_way = [&](std::uint32_t number) {
        return HasSubstr(file_of(number).string() + " is in the way");
    };
    root_.write("cache/" + layer_file_name(3), "a sealer's");
    EXPECT_THAT(refusal(folder(), sector_of(kSize), kThree), in_the_way(3));
    EXPECT_THAT(names_in(folder()), ElementsAre(layer_file_name(3)));
    EXPECT_EQ(refusal(folder(), sector_of(kSize), {.first = 1, .last = 2}), "");
    {
        OutputFolder output(folder(), sector_of(kSize), {.first = 1, .last = 2});
        output.write_layer(1, some_labels(kSize), nobody_watches);
    }
    EXPECT_THAT(refusal(folder(), sector_of(kSize), kThree), in_the_way(3));
    EXPECT_EQ(tests::read_file(file_of(3)), "a sealer's");
}

TEST_F(OutputFolderTest, RefusesAFolderThatIsInUse) {
    const OutputFolder output(folder(), sector_of(kSize), kThree);
    EXPECT_EQ(refusal(folder(), sector_of(kSize), kThree),
              "another process is writing layers to " + folder().string());
}

TEST_F(OutputFolderTest, RefusesWhatIsNoFolder) {
    const fs::path file = root_.write("file", "mine");
    EXPECT_THAT(refusal(file, sector_of(kSize), kThree), HasSubstr("Not a directory"));
    EXPECT_THAT(refusal(file / "new", sector_of(kSize), kThree), HasSubstr("Not a directory"));
    EXPECT_THAT(names_in(root_.path()), ElementsAre("file"));
}

TEST_F(OutputFolderTest, LooksForRoomBeforeItMakesAFolder) {
    EXPECT_THAT(refusal(folder(), sector_of(std::uint64_t{1} << 60), {.first = 1, .last = 4'000'000'000}),
                AllOf(HasSubstr("no room in "), HasSubstr(" for 4000000000 layers of 1048576 TiB: only ")));
    EXPECT_FALSE(fs::exists(folder()));
}

TEST_F(OutputFolderTest, RemovesWhatAKilledRunLeftUnfinishedAndNothingElse) {
    write_layers(1);
    const auto before = files_in(folder());
    root_.write("cache/pc1-label.json.tmp", "{");
    root_.write("cache/" + layer_file_name(7) + ".tmp", "half");
    EXPECT_THAT(refusal(folder(), sector_of(4096), kThree), Not(IsEmpty()));
    EXPECT_THAT(names_in(folder()), testing::SizeIs(4));
    EXPECT_EQ(refusal(folder(), sector_of(kSize), kThree), "");
    EXPECT_EQ(files_in(folder()), before);

    for (const char* name : {"mine.tmp", "sc-02-data-tree-c-0.dat.tmp", "sc-02-data-layer-1.dat.temp"}) {
        root_.write(std::string("cache/") + name, "mine");
    }
    EXPECT_EQ(refusal(folder(), sector_of(kSize), kThree), "");
    EXPECT_THAT(names_in(folder()), testing::SizeIs(5));
}

TEST(OutputFolderOnASmallDisk, NeedsRoomOnlyForTheLayersThatAreNotThere) {
    const tests::SmallDisk disk(10 << 20);
    if (!disk.missing().empty()) {
        GTEST_SKIP() << disk.missing();
    }
    constexpr std::uint64_t kLayer = 3 << 20;
    const fs::path folder = disk.path() / "cache";
    EXPECT_EQ(refusal(folder, sector_of(kLayer), kThree), "");
    EXPECT_THAT(refusal(folder, sector_of(kLayer), {.first = 1, .last = 4}),
                HasSubstr("no room in " + folder.string() + " for 4 layers of 3 MiB: only "));
    {
        OutputFolder output(folder, sector_of(kLayer), kThree);
        output.write_layer(1, some_labels(kLayer), nobody_watches);
        output.write_layer(2, some_labels(kLayer), nobody_watches);
    }
    EXPECT_EQ(refusal(folder, sector_of(kLayer), kThree), "");
    // A killed run leaves this; it makes way for the layer.
    fs::rename(folder / layer_file_name(2), folder / (layer_file_name(2) + ".tmp"));
    EXPECT_EQ(refusal(folder, sector_of(kLayer), kThree), "");
}

}  // namespace
}  // namespace pc1
