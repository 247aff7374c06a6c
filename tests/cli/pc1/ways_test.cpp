// The ways in which pc1-label can be told to do its work, none of which changes a label; and stretches.
#include "pc1_label.h"
#include "tools/pc1/hash.h"
#include "tools/pc1/label.h"
#include "tools/pc1/sector.h"

#include <gmock/gmock.h>

#include <span>
#include <string>
#include <vector>

namespace pc1 {
namespace {

using Json = nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

std::vector<std::string> stretch_digests(const Json& result) {
    return digests(result, "sha256_of_stretch");
}

Arguments operator+(Arguments some, const Arguments& more) {
    some.insert(some.end(), more.begin(), more.end());
    return some;
}

const Arguments kSector{"--sector-size", "1MiB", "--layers", "3"};

TEST(Pc1LabelWays, GiveTheSameLabelsWithAnyCrew) {
    const auto expected = digests(labelled(kSector + Arguments{"--producers", "0"}));
    for (const Arguments& crew : {Arguments{"--producers", "1"}, {"--producers", "4"}}) {
        EXPECT_EQ(digests(labelled(kSector + crew)), expected) << testing::PrintToString(crew);
    }
}

TEST(Pc1LabelWays, ReportTheCrewAndUseCallocIfThereIsNone) {
    const Json alone = labelled(kSector + Arguments{"--producers", "0"});
    EXPECT_EQ(alone.at("producers"), 0);
    EXPECT_EQ(alone.at("alloc"), "calloc");
    const Json crew = labelled(kSector + Arguments{"--producers", "3"});
    EXPECT_EQ(crew.at("producers"), 3);
    EXPECT_EQ(crew.at("alloc"), "mmap");
}

TEST(Pc1LabelStretch, HasTheLabelsOfTheLayerThatItIsTheBeginningOf) {
    const Sector sector{.bytes = 1 << 20, .porep_id = {5}};
    Bytes32 replica_id{};
    replica_id.fill(9);
    const Graph graph = sector.graph();
    std::vector<std::uint8_t> layer(sector.bytes);
    Labeller(replica_id, graph, best_sha256_kernel(), {})
        .label({.labels = layer.data()}, {0, sector.nodes()});
    const Json result = labelled({"--sector-size", "1MiB", "--layers", "1", "--max-nodes", "1000"});
    EXPECT_THAT(
        stretch_digests(result),
        testing::ElementsAre(to_hex(Sha256().update(std::span(layer).first(1000 * kNodeBytes)).finish())));
    EXPECT_FALSE(result.at("layers").at(0).contains("sha256"));
    EXPECT_EQ(result.at("stretch").at("nodes"), 1000);
}

TEST(Pc1LabelStretch, IsTheSameWithAnyCrewAndMarkedInTheTable) {
    const Arguments stretch = kSector + Arguments{"--max-nodes", "777", "--alloc", "mmap"};
    const auto expected = stretch_digests(labelled(stretch + Arguments{"--producers", "0"}));
    EXPECT_EQ(expected.size(), 3U);
    EXPECT_EQ(stretch_digests(labelled(stretch + Arguments{"--producers", "3"})), expected);
    const Outcome outcome = run_pc1_label(stretch + Arguments{"--digest"});
    EXPECT_THAT(outcome.out,
                AllOf(HasSubstr("the first 777 nodes of each layer"), HasSubstr("no layer's digest")));
}

}  // namespace
}  // namespace pc1
