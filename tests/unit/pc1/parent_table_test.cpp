// The table of all parents.
#include "tools/pc1/graph.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <stdexcept>
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
    const ParentTable alone(graph, {0, graph.nodes()}, 1);
    const ParentTable shared(graph, {0, graph.nodes()}, 7);
    EXPECT_EQ(all_rows(alone), all_rows(graph));
    EXPECT_EQ(all_rows(shared), all_rows(graph));
}

TEST(ParentTable, ReportsItsProgressUpToTheLastNode) {
    const Graph graph(20'000, ApiVersion::kV1_1, Bytes32{});
    std::vector<std::uint64_t> reports;
    const ParentTable table(graph, {0, graph.nodes()}, 1,
                            [&](std::uint64_t done) { reports.push_back(done); });
    ASSERT_FALSE(reports.empty());
    EXPECT_TRUE(std::ranges::is_sorted(reports));
    EXPECT_EQ(reports.back(), table.nodes());
}

TEST(ParentTable, IsGivenUpWhenTheReportThrows) {
    const Graph graph(200'000, ApiVersion::kV1_1, Bytes32{});
    std::uint64_t reported = 0;
    const auto give_up = [&](std::uint64_t done) {
        reported = done;
        throw std::runtime_error("enough");
    };
    EXPECT_THROW(ParentTable(graph, {0, graph.nodes()}, 3, give_up), std::runtime_error);
    EXPECT_LT(reported, graph.nodes());
}

}  // namespace
}  // namespace pc1
