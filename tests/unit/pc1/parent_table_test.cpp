// The table of all parents.
#include "tools/pc1/parent_table.h"

#include "tools/pc1/graph.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

namespace pc1 {
namespace {

std::vector<ParentRow> all_rows(const ParentSource& source) {
    std::vector<ParentRow> rows(source.nodes());
    source.parents(0, rows.size(), rows.data());
    return rows;
}

TEST(ParentTable, DoesNotDependOnTheNumberOfThreads) {
    const Graph graph(20'000, ApiVersion::kV1_1, Bytes32{});
    const auto alone = ParentTable::compute(graph, {0, graph.nodes()}, 1, {});
    const auto shared = ParentTable::compute(graph, {0, graph.nodes()}, 7, {});
    EXPECT_EQ(all_rows(alone), all_rows(graph));
    EXPECT_EQ(all_rows(shared), all_rows(graph));
}

TEST(ParentTable, ReportsItsProgressUpToTheLastNode) {
    const Graph graph(20'000, ApiVersion::kV1_1, Bytes32{});
    std::vector<std::uint64_t> reports;
    const auto table = ParentTable::compute(graph, {0, graph.nodes()}, 1,
                                            [&](std::uint64_t done) { reports.push_back(done); });
    ASSERT_FALSE(reports.empty());
    EXPECT_TRUE(std::ranges::is_sorted(reports));
    EXPECT_EQ(reports.back(), table.nodes());
}

}  // namespace
}  // namespace pc1
