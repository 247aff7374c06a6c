// The ways in which pc1-label can be told to do its work, none of which changes a label; and stretches.
#include "command.h"
#include "results.h"
#include "tests/support/temp_dir.h"
#include "tools/pc1/sha256.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace pc1 {
namespace {

using Json = nlohmann::json;
using Arguments = std::vector<std::string>;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::size_t kLabelBytes = 32;

std::vector<std::string> stretch_digests(const Json& result) {
    std::vector<std::string> digests;
    for (const Json& layer : result.at("layers")) {
        digests.push_back(layer.at("sha256_of_stretch"));
    }
    return digests;
}

Arguments operator+(Arguments some, const Arguments& more) {
    some.insert(some.end(), more.begin(), more.end());
    return some;
}

std::string hex_sha256(std::string_view bytes) {
    return to_hex(
        Sha256().update({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}).finish());
}

// One line on stderr, status 2, and nothing where the layers would have gone.
void expect_refusal(const Arguments& arguments, const std::string& reason) {
    SCOPED_TRACE(testing::PrintToString(arguments));
    const tests::TempDir dir;
    const Outcome outcome = run_pc1_label(arguments + Arguments{"--output", dir.path() / "new"});
    EXPECT_EQ(outcome.exit_status, 2);
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, AllOf(testing::StartsWith("pc1-label: "), HasSubstr(reason)));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

const Arguments kSector{"--sector-size", "1MiB", "--layers", "3"};

TEST(Pc1LabelWays, GiveTheSameLabelsWithAnyCrew) {
    const auto expected = digests(labelled(kSector + Arguments{"--producers", "0"}));
    for (const Arguments& crew : {Arguments{"--producers", "1"},
                                  {"--producers", "4"},
                                  {"--producers", "4", "--lookahead", "4"},
                                  {"--producers", "2", "--lookahead", "100", "--stride", "1"},
                                  {"--producers", "2", "--lookahead", "1048576", "--stride", "40000"}}) {
        EXPECT_EQ(digests(labelled(kSector + crew)), expected) << testing::PrintToString(crew);
    }
}

TEST(Pc1LabelWays, ReportTheCrewAndUseCallocIfThereIsNone) {
    const Json alone = labelled(kSector + Arguments{"--producers", "0"});
    EXPECT_EQ(alone.at("producers"), 0);
    EXPECT_EQ(alone.at("alloc"), "calloc");
    const Json crew = labelled(kSector + Arguments{"--producers", "3", "--lookahead", "64"});
    EXPECT_EQ(crew.at("producers"), 3);
    EXPECT_EQ(crew.at("lookahead"), 64);
    EXPECT_EQ(crew.at("stride"), 64);
    EXPECT_EQ(crew.at("alloc"), "mmap");
}

TEST(Pc1LabelWays, GiveTheSameLabelsWhereverParentsComeFrom) {
    const auto expected = digests(labelled(kSector));
    EXPECT_EQ(digests(labelled(kSector + Arguments{"--parents", "memory"})), expected);

    const tests::TempDir dir;
    const Outcome made =
        run_pc1_label({"parents", "--sector-size", "1MiB", "--output", dir.path(), "--json"});
    ASSERT_EQ(made.exit_status, 0) << made.err;
    const std::string file = Json::parse(made.out).at("file");
    for (const char* producers : {"0", "2"}) {
        const Json from_file =
            labelled(kSector + Arguments{"--parents", "file:" + file, "--producers", producers});
        EXPECT_EQ(digests(from_file), expected);
        EXPECT_EQ(from_file.at("parents"), "file");
    }
}

TEST(Pc1LabelWays, RefuseAParentFileOfAnotherGraphAndWriteNothing) {
    const tests::TempDir dir;
    const Arguments size{"--sector-size", "64KiB"};
    const Arguments layers{"--layers", "2"};
    ASSERT_EQ(run_pc1_label(Arguments{"parents", "--output", dir.path()} + size).exit_status, 0);
    const std::string path = std::filesystem::directory_iterator(dir.path())->path();
    const Arguments from{"--parents", "file:" + path};
    EXPECT_EQ(run_pc1_label(size + layers + from).exit_status, 0);
    expect_refusal(size + layers + from + Arguments{"--api-version", "1.0"}, "of another graph");
    expect_refusal(size + layers + from + Arguments{"--porep-id", std::string(64, '1')}, "of another graph");
    expect_refusal(Arguments{"--sector-size", "32KiB"} + from, "is no parent file of this sector");
    expect_refusal(size + layers + Arguments{"--parents", "file:/nonexistent"}, "No such file");
    expect_refusal(size + layers + Arguments{"--parents", "file:/dev/zero"}, "is no parent file");
}

TEST(Pc1LabelWays, BindThreadsWhereTheyMayRunUnlessTold) {
    const Json bound = labelled(kSector);
    EXPECT_THAT(bound.at("bound_to").at("cpus").get<std::string>(), Not(IsEmpty()));
    EXPECT_FALSE(labelled(kSector + Arguments{"--bind", "off"}).contains("bound_to"));
}

TEST(Pc1LabelStretch, HasTheLabelsOfTheLayerThatItIsTheBeginningOf) {
    const tests::TempDir dir;
    ASSERT_EQ(run_pc1_label({"--sector-size", "1MiB", "--layers", "1", "--output", dir.path()}).exit_status,
              0);
    const std::string layer = tests::read_file(dir.path() / "sc-02-data-layer-1.dat");
    const Json result = labelled({"--sector-size", "1MiB", "--max-nodes", "1000"});
    EXPECT_THAT(stretch_digests(result),
                testing::ElementsAre(hex_sha256(layer.substr(0, 1000 * kLabelBytes))));
    EXPECT_FALSE(result.at("layers").at(0).contains("sha256"));
    EXPECT_EQ(result.at("stretch").at("first_node"), 0);
    EXPECT_EQ(result.at("stretch").at("nodes"), 1000);
}

TEST(Pc1LabelStretch, IsTheSameWithAnyCrewInAnyLayer) {
    const Arguments stretch{"--sector-size", "1MiB", "--start-layer", "5",   "--layers", "7",
                            "--start-node",  "9999", "--max-nodes",   "777", "--alloc",  "mmap"};
    const auto expected = stretch_digests(labelled(stretch + Arguments{"--producers", "0"}));
    EXPECT_EQ(expected.size(), 3U);
    for (const Arguments& way : {Arguments{"--producers", "3"}, {"--parents", "memory"}}) {
        EXPECT_EQ(stretch_digests(labelled(stretch + way)), expected);
    }
}

TEST(Pc1LabelStretch, IsOneLayerUnlessToldOtherwiseAndMarkedInTheTable) {
    const Arguments stretch{"--sector-size", "32KiB", "--start-layer", "2"};
    EXPECT_EQ(labelled(stretch).at("layers").size(), 1U);
    EXPECT_EQ(labelled(stretch).at("layers").at(0).at("layer"), 2);
    const Outcome outcome = run_pc1_label(stretch + Arguments{"--digest"});
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("nodes 0 to 1023; all other labels are pseudo-random"),
                                   HasSubstr("no layer's digest")));
}

}  // namespace
}  // namespace pc1
