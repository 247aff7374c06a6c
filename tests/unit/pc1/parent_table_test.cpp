// The table of all parents.
#include "tools/pc1/parent_table.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace pc1 {
namespace {

TEST(ParentTable, DoesNotDependOnTheNumberOfThreads) {
    const Graph graph(20'000, ApiVersion::kV1_1, Bytes32{});
    const auto alone = ParentTable::compute(graph, 1, {});
    const auto shared = ParentTable::compute(graph, 7, {});
    EXPECT_TRUE(std::ranges::equal(alone.rows(), shared.rows()));
}

TEST(ParentTable, ReportsItsProgressUpToTheLastNode) {
    const Graph graph(20'000, ApiVersion::kV1_1, Bytes32{});
    std::vector<std::uint64_t> reports;
    const auto table = ParentTable::compute(graph, 1, [&](std::uint64_t done) { reports.push_back(done); });
    ASSERT_FALSE(reports.empty());
    EXPECT_TRUE(std::ranges::is_sorted(reports));
    EXPECT_EQ(reports.back(), table.nodes());
}

}  // namespace
}  // namespace pc1
