// Labels against the reference program: every byte of every layer, by its digest.
#include "reference.h"
#include "sizes.h"
#include "tools/pc1/hash.h"
#include "tools/pc1/label.h"

#include <gmock/gmock.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace pc1 {
namespace {

using reference::cases_of;
using reference::describe;
using reference::expect_labels;

// The least and the most that there can be on the way, and what is usual.
std::vector<Crew> crews(std::uint64_t nodes) {
    return {{.producers = 0},
            {.producers = 1},
            {.producers = 4},
            {.producers = 1, .lookahead = 1, .stride = 1},
            {.producers = 4, .lookahead = 1, .stride = 1},
            {.producers = 4, .lookahead = 3, .stride = 1},
            {.producers = 4, .lookahead = 7, .stride = 7},
            {.producers = 1, .lookahead = 2 * nodes, .stride = 2 * nodes},
            {.producers = 4, .lookahead = 2 * nodes, .stride = 1}};
}

TEST(Labels, MatchTheReferenceProgramWithEveryImplementation) {
    for (const auto& expected : cases_of(0, kMiB / 64)) {
        for (const Sha256Kernel* sha256 : sha256_kernels()) {
            for (const Chacha8Kernel& chacha8 : chacha8_kernels()) {
                expect_labels(expected, *sha256, chacha8, Crew{.producers = 0});
                expect_labels(expected, *sha256, chacha8, Crew{.producers = 1});
            }
        }
    }
}

TEST(Labels, MatchTheReferenceProgramHoweverManyWorkOnThemAndHoweverFarAhead) {
    for (const auto& expected : cases_of(0, kMiB / 64)) {
        for (const Crew& crew : crews(expected.sector_size / kNodeBytes)) {
            expect_labels(expected, best_sha256_kernel(), chacha8_kernels().front(), crew);
        }
    }
}

TEST(Labels, MatchTheReferenceProgramUpTo1MiB) {
    for (const auto& expected : cases_of(kMiB / 16, kMiB)) {
        expect_labels(expected);
    }
}

TEST(Labels, MayBeComputedInParts) {
    constexpr std::uint64_t kNodes = 100;
    const Graph graph(kNodes, ApiVersion::kV1_0, Bytes32{});
    for (const Crew& crew : crews(kNodes)) {
        SCOPED_TRACE(describe(crew));
        const Labeller labeller(Bytes32{9}, graph, best_sha256_kernel(), crew);
        std::vector<std::uint8_t> whole(kNodes * kNodeBytes);
        std::vector<std::uint8_t> parts(kNodes * kNodeBytes);
        labeller.label({1, nullptr, whole.data()}, {0, kNodes});
        for (std::uint64_t node = 0; node < kNodes; node += 10) {
            labeller.label({1, nullptr, parts.data()}, {node, node + 10});
        }
        EXPECT_EQ(parts, whole);
    }
}

TEST(Labels, ExistForASectorOfOneNode) {
    const Graph graph(1, ApiVersion::kV1_1, Bytes32{});
    std::array<std::uint8_t, 64> preimage{9};
    preimage[35] = 1;  // the layer
    Bytes32 expected = Sha256().update(preimage).finish();
    expected[31] &= 0x3f;
    for (const Crew& crew : crews(1)) {
        const Labeller labeller(Bytes32{9}, graph, best_sha256_kernel(), crew);
        std::vector<std::uint8_t> label(kNodeBytes);
        labeller.label({1, nullptr, label.data()}, {0, 1});
        EXPECT_EQ(to_hex(label), to_hex(expected)) << describe(crew);
    }
}

TEST(Labels, ReportTheirProgressAndStopIfTheReportThrows) {
    constexpr std::uint64_t kNodes = 100'000;
    const Graph graph(kNodes, ApiVersion::kV1_1, Bytes32{});
    std::vector<std::uint8_t> labels(kNodes * kNodeBytes);
    for (const unsigned producers : {0U, 1U, 4U}) {
        const Labeller labeller(Bytes32{9}, graph, best_sha256_kernel(), {.producers = producers});
        std::vector<std::uint64_t> reports;
        const auto report = [&](std::uint64_t done) {
            reports.push_back(done);
            if (done > kNodes / 2) {
                throw std::runtime_error("enough");
            }
        };
        EXPECT_THROW(labeller.label({1, nullptr, labels.data()}, {0, kNodes}, report), std::runtime_error);
        EXPECT_GT(reports.size(), 1U);
        EXPECT_TRUE(std::ranges::is_sorted(reports));
        EXPECT_LT(reports.back(), kNodes);
    }
}

// A source that fails beyond some node.
class BrokenSource : public ParentSource {
  public:
    explicit BrokenSource(const Graph& graph) : graph_(&graph) {}
    void parents(std::uint64_t first, std::size_t count, ParentRow* rows) const override {
        if (first + count > graph_->nodes() / 2) {
            throw std::runtime_error("cannot be read");
        }
        graph_->parents(first, count, rows);
    }

  private:
    const Graph* graph_;
};

TEST(Labels, FailAsTheirSourceOfParentsDoes) {
    constexpr std::uint64_t kNodes = 10'000;
    const Graph graph(kNodes, ApiVersion::kV1_1, Bytes32{});
    const BrokenSource broken(graph);
    std::vector<std::uint8_t> labels(kNodes * kNodeBytes);
    for (const Crew& crew : crews(100)) {
        const Labeller labeller(Bytes32{9}, broken, best_sha256_kernel(), crew);
        EXPECT_THROW(labeller.label({1, nullptr, labels.data()}, {0, kNodes}), std::runtime_error)
            << describe(crew);
    }
}

}  // namespace
}  // namespace pc1
