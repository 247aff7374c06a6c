// Layers in files: written, read by a later run, or not trusted.
#include "tools/pc1/output_folder.h"

#include "tests/support/mount_namespace.h"
#include "tests/unit/pc1/output_folder_fixture.h"

#include <gmock/gmock.h>

#include <sys/stat.h>

#include <algorithm>

namespace pc1 {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// Why layer 2 is not read, or "" if it is.
std::string complaint_about_layer_2(const fs::path& folder) {
    const OutputFolder output(folder, sector_of(kSize), kThree);
    Content labels(kSize);
    try {
        static_cast<void>(output.read_layer(2, labels, nobody_watches));
        return "";
    } catch (const LayerSpoilt& error) {
        return error.what();
    }
}

TEST_F(OutputFolderTest, GivesALaterRunWhatAnEarlierOneWrote) {
    constexpr std::uint64_t kLarge = (9 << 20) + 32;  // several pieces, and not a whole number of them
    const Content labels = some_labels(kLarge);
    const Bytes32 digest = Sha256().update(labels).finish();
    std::vector<std::uint64_t> reports;
    const auto watch = [&](std::uint64_t done) { reports.push_back(done); };
    {
        OutputFolder output(folder(), sector_of(kLarge), kThree);
        EXPECT_FALSE(output.names_layer(2));
        EXPECT_EQ(output.write_layer(2, labels, watch), digest);
        EXPECT_TRUE(output.names_layer(2));
    }
    EXPECT_THAT(reports, AllOf(testing::SizeIs(3), testing::Contains(kLarge)));
    EXPECT_THAT(names_in(folder()), ElementsAre("pc1-label.json", "sc-02-data-layer-2.dat"));

    reports.clear();
    const OutputFolder output(folder(), sector_of(kLarge), kThree, kSha256Portable);
    EXPECT_FALSE(output.names_layer(1));
    ASSERT_TRUE(output.names_layer(2));
    Content read(kLarge);
    EXPECT_EQ(output.read_layer(2, read, watch), digest);
    EXPECT_EQ(read, labels);
    EXPECT_TRUE(std::ranges::is_sorted(reports));
    EXPECT_EQ(reports.back(), kLarge);
}

TEST_F(OutputFolderTest, TakesItsFoldersAwayAgainIfNothingWasPutIntoThem) {
    {
        const OutputFolder output(folder() / "a" / "b/", sector_of(kSize), kThree);
        EXPECT_TRUE(fs::is_directory(folder() / "a" / "b"));
    }
    EXPECT_FALSE(fs::exists(folder()));
    fs::create_directory(folder());
    { const OutputFolder output(folder(), sector_of(kSize), kThree); }
    EXPECT_TRUE(fs::exists(folder()));
}

TEST_F(OutputFolderTest, DoesNotReadALayerThatIsNotAsItWas) {
    write_layers(3);
    const std::string good = tests::read_file(file_of(2));
    EXPECT_EQ(complaint_about_layer_2(folder()), "");
    for (const std::string& size : {good.substr(1), good + "x", std::string()}) {
        root_.write("cache/" + layer_file_name(2), size);
        EXPECT_EQ(complaint_about_layer_2(folder()), file_of(2).string() + " is no file of 2 KiB");
    }
    root_.write("cache/" + layer_file_name(2), std::string(kSize, 'x'));
    EXPECT_THAT(complaint_about_layer_2(folder()),
                HasSubstr(" has not the SHA-256 that pc1-label.json says"));
    fs::remove(file_of(2));
    EXPECT_THAT(complaint_about_layer_2(folder()), HasSubstr("No such file"));
    ASSERT_EQ(mkfifo(file_of(2).c_str(), 0600), 0);
    EXPECT_THAT(complaint_about_layer_2(folder()), HasSubstr(" is no file of 2 KiB"));

    write_layers(2);
    EXPECT_EQ(complaint_about_layer_2(folder()), "");
    EXPECT_EQ(tests::read_file(file_of(2)), good);
}

TEST_F(OutputFolderTest, ReplacesAllLayersIfTheManifestMakesNoSense) {
    write_layers(3);
    root_.write("cache/pc1-label.json", "{\"layers\": [");
    OutputFolder output(folder(), sector_of(kSize), kThree);
    EXPECT_TRUE(output.is_garbled());
    EXPECT_FALSE(output.names_layer(1));
    output.write_layer(1, some_labels(kSize, 9), nobody_watches);
    EXPECT_TRUE(manifest_from_json(tests::read_file(folder() / kManifestName)).has_value());
}

TEST_F(OutputFolderTest, FollowsNoLinkThatWasLaidInItsWay) {
    const fs::path other = root_.write("other", "somebody's");
    OutputFolder output(folder(), sector_of(kSize), kThree);
    fs::create_symlink(other, folder() / (layer_file_name(1) + ".tmp"));
    fs::create_symlink(other, folder() / "pc1-label.json.tmp");
    output.write_layer(1, some_labels(kSize), nobody_watches);
    EXPECT_EQ(tests::read_file(other), "somebody's");
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(file_of(1))));
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(folder() / kManifestName)));
    EXPECT_THAT(names_in(folder()), ElementsAre("pc1-label.json", layer_file_name(1)));
}

TEST_F(OutputFolderTest, LeavesNothingHalfWrittenWhenItIsStopped) {
    write_layers(1);
    const auto before = files_in(folder());
    struct Stop {};
    const auto stop = [](std::uint64_t) { throw Stop(); };
    OutputFolder output(folder(), sector_of(kSize), kThree);
    EXPECT_THROW(output.write_layer(2, some_labels(kSize), stop), Stop);
    EXPECT_FALSE(output.names_layer(2));
    Content labels(kSize);
    EXPECT_THROW(static_cast<void>(output.read_layer(1, labels, stop)), Stop);
    EXPECT_EQ(files_in(folder()), before);
}

TEST(OutputFolderOnASmallDisk, LeavesNothingHalfWrittenWhenTheDiskIsFull) {
    const tests::SmallDisk disk(10 << 20);
    if (!disk.missing().empty()) {
        GTEST_SKIP() << disk.missing();
    }
    constexpr std::uint64_t kLayer = 5 << 20;
    OutputFolder output(disk.path(), sector_of(kLayer), {.first = 1, .last = 1});
    UnfinishedFile other(disk.path() / "other");
    other.append(Content(kLayer + (1 << 20)));
    try {
        output.write_layer(1, some_labels(kLayer), nobody_watches);
        FAIL() << "wrote more than there is room for";
    } catch (const std::runtime_error& error) {
        EXPECT_EQ(std::string(error.what()),
                  "write " + (disk.path() / layer_file_name(1)).string() + ".tmp: No space left on device");
    }
    EXPECT_FALSE(output.names_layer(1));
    EXPECT_THAT(names_in(disk.path()), ElementsAre("other.tmp"));
}

}  // namespace
}  // namespace pc1
