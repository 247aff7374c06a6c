// The table of all parents.
#include "tools/pc1/parent_table.h"

#include "tools/pc1/graph.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
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

// Rows that only the thread that made this gets until it gives up (a minute at most), and that take the
// others a while.
class SlowSource : public ParentSource {
  public:
    explicit SlowSource(const std::atomic<bool>& given_up) : given_up_(&given_up) {}

    [[nodiscard]] std::uint64_t nodes() const override { return std::uint64_t{1} << 23; }

    void parents(std::uint64_t /*first*/, std::size_t /*count*/, ParentRow* /*rows*/) const override {
        ++calls_;
        if (std::this_thread::get_id() == maker_) {
            return;
        }
        int naps = 0;
        do {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        } while (!*given_up_ && ++naps < 6000);
    }

    [[nodiscard]] unsigned calls() const { return calls_; }

  private:
    const std::atomic<bool>* given_up_;
    std::thread::id maker_ = std::this_thread::get_id();
    mutable std::atomic<unsigned> calls_ = 0;
};

TEST(ParentTable, IsGivenUpByAllThreadsWhenTheReportThrows) {
    std::atomic<bool> given_up = false;
    const SlowSource source(given_up);
    const auto give_up = [&](std::uint64_t) {
        given_up = true;
        throw std::runtime_error("enough");
    };
    EXPECT_THROW(static_cast<void>(ParentTable::compute(source, {0, source.nodes()}, 3, give_up)),
                 std::runtime_error);
    EXPECT_LT(source.calls(), 1000U);  // of 2048
}

}  // namespace
}  // namespace pc1
