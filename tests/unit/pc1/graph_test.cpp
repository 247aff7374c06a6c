// Seeds and parents against the reference program, up to the graph of a 64 GiB sector.
#include "tools/pc1/graph.h"

#include "reference.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace pc1 {
namespace {

TEST(Graph, DerivesTheSeedsOfTheReferenceProgram) {
    ASSERT_FALSE(reference::keys().empty());
    for (const auto& expected : reference::keys()) {
        const GraphKeys keys = GraphKeys::derive(expected.porep_id);
        const auto* seed = reinterpret_cast<const std::uint8_t*>(keys.drg_seed.data());
        EXPECT_EQ(to_hex({seed, sizeof keys.drg_seed}), expected.drg_seed);
        EXPECT_THAT(keys.feistel, testing::ElementsAreArray(expected.feistel));
    }
}

TEST(Graph, GivesTheParentsOfTheReferenceProgramUpToTwoBillionNodes) {
    ASSERT_FALSE(reference::parents().empty());
    for (const auto& expected : reference::parents()) {
        const Graph graph(expected.nodes, expected.version, expected.porep_id);
        for (const auto& [node, parents] : expected.rows) {
            ParentRow row{};
            graph.parents(node, 1, &row);
            EXPECT_EQ(row, parents) << "node " << node << " of " << expected.nodes << ", API "
                                    << to_text(expected.version);
        }
    }
}

TEST(Graph, IsTheSameForApi1_1And1_2) {
    constexpr std::uint64_t kNodes = std::uint64_t{1} << 31;
    constexpr std::size_t kRows = 100;
    const Graph first(kNodes, ApiVersion::kV1_1, Bytes32{8});
    const Graph second(kNodes, ApiVersion::kV1_2, Bytes32{8});
    std::vector<ParentRow> first_rows(kRows);
    std::vector<ParentRow> second_rows(kRows);
    first.parents(kNodes - kRows, kRows, first_rows.data());
    second.parents(kNodes - kRows, kRows, second_rows.data());
    EXPECT_EQ(first_rows, second_rows);
}

TEST(Graph, GivesTheSameRowsInOneGoAndOneByOne) {
    constexpr std::uint64_t kNodes = 100;
    const Graph graph(kNodes, ApiVersion::kV1_1, Bytes32{});
    std::vector<ParentRow> rows(kNodes);
    graph.parents(0, kNodes, rows.data());
    for (std::uint64_t node = 0; node < kNodes; ++node) {
        ParentRow row{};
        graph.parents(node, 1, &row);
        EXPECT_EQ(row, rows[node]) << "node " << node;
    }
}

TEST(Graph, ReachesTheHighestNodeThatASectorCanHave) {
    const Graph graph(kMostNodes, ApiVersion::kV1_1, Bytes32{});
    ParentRow row{};
    graph.parents(kMostNodes - 1, 1, &row);
    EXPECT_EQ(row[0], kMostNodes - 2);
    EXPECT_THAT(row, testing::Each(testing::Lt(kMostNodes)));
}

}  // namespace
}  // namespace pc1
