// A second run into the same folder: what it reads, what it computes, and what it refuses to touch.
#include "results.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <tuple>

namespace pc1 {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Name to inode and time of change: what a file that was written or replaced does not keep.
using Stamps = std::map<std::string, std::tuple<ino_t, time_t, long>>;

Stamps stamps_of(const fs::path& folder) {
    Stamps stamps;
    for (const auto& entry : fs::directory_iterator(folder)) {
        struct stat facts {};
        EXPECT_EQ(stat(entry.path().c_str(), &facts), 0);
        stamps[entry.path().filename().string()] = {facts.st_ino, facts.st_mtim.tv_sec,
                                                    facts.st_mtim.tv_nsec};
    }
    return stamps;
}

std::vector<bool> resumed(const Json& result) {
    std::vector<bool> resumed;
    for (const Json& layer : result.at("layers")) {
        resumed.push_back(layer.at("resumed"));
    }
    return resumed;
}

class Resume : public testing::Test {
  protected:
    // Of calloc: that it is not locked is not worth a word on stderr.
    std::vector<std::string> three_layers() const {
        return {"--sector-size", "1MiB", "--layers", "3", "--alloc", "calloc", "--output", folder().string()};
    }
    fs::path folder() const { return root_.path() / "cache"; }
    fs::path file_of(int layer) const {
        return folder() / ("sc-02-data-layer-" + std::to_string(layer) + ".dat");
    }
    // The message of a run that is refused, and has touched nothing.
    std::string refusal(const std::vector<std::string>& arguments) const {
        const Stamps before = stamps_of(folder());
        const Outcome outcome = run_pc1_label(arguments);
        EXPECT_EQ(outcome.exit_status, 2);
        EXPECT_THAT(outcome.out, IsEmpty());
        EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1);
        EXPECT_EQ(stamps_of(folder()), before);
        return outcome.err;
    }

    tests::TempDir root_;
};

TEST_F(Resume, ReadsWhatIsCompleteAndTouchesNothing) {
    const Json first = labelled(three_layers());
    EXPECT_THAT(resumed(first), ElementsAre(false, false, false));
    const Stamps before = stamps_of(folder());
    const Json second = labelled(three_layers());
    EXPECT_THAT(resumed(second), ElementsAre(true, true, true));
    EXPECT_EQ(digests(second), digests(first));
    EXPECT_EQ(second.at("parents_threads"), 0);
    EXPECT_EQ(stamps_of(folder()), before);
}

TEST_F(Resume, ComputesLayersThatWereNotAskedForBefore) {
    auto two_layers = three_layers();
    two_layers[3] = "2";
    labelled(two_layers);
    const Json three = labelled(three_layers());
    EXPECT_THAT(resumed(three), ElementsAre(true, true, false));
    EXPECT_EQ(digests(three), digests(labelled({"--sector-size", "1MiB", "--layers", "3"})));
}

TEST_F(Resume, ComputesOnlyTheLayerThatIsSpoilt) {
    const auto expected = digests(labelled(three_layers()));
    const std::string content = tests::read_file(file_of(2));
    const std::map<const char*, std::function<void()>> spoils{
        {": No such file or directory\n", [&] { fs::remove(file_of(2)); }},
        {" is no file of 1 MiB\n", [&] { fs::resize_file(file_of(2), 1000); }},
        {" has not the SHA-256 that pc1-label.json says\n",
         [&] { root_.write("cache/" + file_of(2).filename().string(), content.substr(1) + "x"); }},
    };
    for (const auto& [complaint, spoil] : spoils) {
        SCOPED_TRACE(complaint);
        spoil();
        Stamps before = stamps_of(folder());
        auto arguments = three_layers();
        arguments.emplace_back("--json");
        const Outcome outcome = run_pc1_label(arguments);
        EXPECT_EQ(outcome.exit_status, 0);
        EXPECT_THAT(outcome.err, AllOf(testing::StartsWith("pc1-label: layer 2 is computed anew: "),
                                       HasSubstr(complaint)));
        EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1);
        const Json result = Json::parse(outcome.out);
        EXPECT_THAT(resumed(result), ElementsAre(true, false, true));
        EXPECT_EQ(digests(result), expected);
        EXPECT_EQ(tests::read_file(file_of(2)), content);
        Stamps after = stamps_of(folder());
        for (const fs::path& changed : {file_of(2).filename(), fs::path("pc1-label.json")}) {
            before.erase(changed.string());
            after.erase(changed.string());
        }
        EXPECT_EQ(after, before);
    }
}

TEST_F(Resume, ShowsReadLayersInTheTable) {
    labelled(three_layers());
    const Outcome outcome = run_pc1_label(three_layers());
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("Parents       not needed\n"),
                                   HasSubstr("    1        read\n    2        read\n    3        read\n")));
}

TEST_F(Resume, BeginsAgainIfTheManifestMakesNoSense) {
    const auto expected = digests(labelled(three_layers()));
    root_.write("cache/pc1-label.json", "{");
    auto arguments = three_layers();
    arguments.emplace_back("--json");
    const Outcome outcome = run_pc1_label(arguments);
    EXPECT_EQ(outcome.exit_status, 0);
    EXPECT_EQ(outcome.err, "pc1-label: all layers are computed anew: " +
                               (folder() / "pc1-label.json").string() + " makes no sense\n");
    const Json result = Json::parse(outcome.out);
    EXPECT_THAT(resumed(result), ElementsAre(false, false, false));
    EXPECT_EQ(digests(result), expected);
    EXPECT_THAT(resumed(labelled(three_layers())), ElementsAre(true, true, true));
}

TEST_F(Resume, RefusesTheLayersOfAnotherSector) {
    labelled(three_layers());
    auto other = three_layers();
    other.insert(other.end(), {"--replica-id", std::string(64, '7')});
    EXPECT_THAT(refusal(other), AllOf(HasSubstr(folder().string()), HasSubstr("(different: replica id)"),
                                      HasSubstr("choose another folder")));
}

TEST_F(Resume, RefusesToReplaceTheLayersOfASealer) {
    root_.write("cache/sc-02-data-layer-2.dat", "a sealer's");
    EXPECT_THAT(refusal(three_layers()), HasSubstr(file_of(2).string() + " is in the way"));
}

}  // namespace
}  // namespace pc1
