// Labels against the reference program: every byte of every layer, by its digest.
#include "tools/pc1/labels.h"

#include "reference.h"
#include "tools/pc1/graph.h"
#include "tools/pc1/sha256.h"

#include <gmock/gmock.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace pc1 {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

std::string hex_label(const std::vector<std::uint8_t>& labels, std::uint64_t node) {
    return to_hex(std::span(labels).subspan(kNodeBytes * node, kNodeBytes));
}

std::string describe(const Crew& crew) {
    return "producers " + std::to_string(crew.producers) + ", lookahead " + std::to_string(crew.lookahead) +
           ", stride " + std::to_string(crew.stride);
}

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

void expect_labels(const reference::Labels& expected, const Sha256Kernel& sha256,
                   const Chacha8Kernel& chacha8, const Crew& crew) {
    SCOPED_TRACE(reference::describe(expected) + ", SHA-256: " + sha256.name + ", ChaCha8: " + chacha8.name +
                 ", " + describe(crew));
    const Graph graph(expected.sector_size / kNodeBytes, expected.version, expected.porep_id, chacha8);

    // What the buffers hold before must not matter.
    std::vector<std::uint8_t> labels(expected.sector_size, 0xa5);
    std::vector<std::uint8_t> previous(expected.sector_size, 0x5a);
    const Labeller labeller(expected.replica_id, graph, sha256, crew);
    std::uint32_t number = 0;
    for (const auto& layer : expected.layers) {
        ++number;
        SCOPED_TRACE("layer " + std::to_string(number));
        labeller.label({number, previous.data(), labels.data()}, {0, graph.nodes()}, {});
        for (std::uint64_t node = 0; node < layer.first.size(); ++node) {
            EXPECT_EQ(hex_label(labels, node), layer.first[node]) << "node " << node;
        }
        EXPECT_EQ(hex_label(labels, graph.nodes() - 1), layer.last);
        EXPECT_EQ(to_hex(Sha256().update(labels).finish()), layer.sha256);
        std::swap(labels, previous);
    }
}

void expect_labels(const reference::Labels& expected) {
    expect_labels(expected, best_sha256_kernel(), best_chacha8_kernel(), Crew{});
}

std::vector<reference::Labels> cases_of(std::uint64_t at_least, std::uint64_t at_most) {
    std::vector<reference::Labels> cases;
    for (const auto& expected : reference::labels()) {
        if (expected.sector_size >= at_least && expected.sector_size <= at_most) {
            cases.push_back(expected);
        }
    }
    EXPECT_FALSE(cases.empty());
    return cases;
}

TEST(Labels, MatchTheReferenceProgramWithEveryImplementation) {
    for (const auto& expected : cases_of(0, kMiB / 16)) {
        for (const Sha256Kernel* sha256 : sha256_kernels()) {
            for (const Chacha8Kernel* chacha8 : chacha8_kernels()) {
                expect_labels(expected, *sha256, *chacha8, Crew{.producers = 0});
                expect_labels(expected, *sha256, *chacha8, Crew{.producers = 1});
            }
        }
    }
}

TEST(Labels, MatchTheReferenceProgramHoweverManyWorkOnThemAndHoweverFarAhead) {
    for (const auto& expected : cases_of(0, kMiB / 64)) {
        for (const Crew& crew : crews(expected.sector_size / kNodeBytes)) {
            expect_labels(expected, best_sha256_kernel(), best_chacha8_kernel(), crew);
        }
    }
}

TEST(Labels, MatchTheReferenceProgramUpTo1MiB) {
    for (const auto& expected : cases_of(kMiB / 16, kMiB)) {
        expect_labels(expected);
    }
}

TEST(Labels, MatchTheReferenceProgramForAllElevenLayersOf8MiB) {
    for (const auto& expected : cases_of(8 * kMiB, 8 * kMiB)) {
        EXPECT_EQ(expected.layers.size(), 11U);
        expect_labels(expected);
    }
}

// The largest cases each as a test of its own, so that they can run side by side; one thread does all.
void expect_large_labels(std::uint64_t sector_size, ApiVersion version, std::size_t layers) {
    int found = 0;
    for (const auto& expected : cases_of(sector_size, sector_size)) {
        if (expected.version == version) {
            EXPECT_EQ(expected.layers.size(), layers);
            expect_labels(expected, best_sha256_kernel(), best_chacha8_kernel(), Crew{.producers = 0});
            ++found;
        }
    }
    EXPECT_EQ(found, 1);
}

TEST(LargeLabels, MatchTheReferenceProgramFor64MiBInApi1_0) {
    expect_large_labels(64 * kMiB, ApiVersion::kV1_0, 11);
}
TEST(LargeLabels, MatchTheReferenceProgramFor64MiBInApi1_1) {
    expect_large_labels(64 * kMiB, ApiVersion::kV1_1, 11);
}
TEST(LargeLabels, MatchTheReferenceProgramFor512MiBInApi1_0) {
    expect_large_labels(512 * kMiB, ApiVersion::kV1_0, 3);
}
TEST(LargeLabels, MatchTheReferenceProgramFor512MiBInApi1_1) {
    expect_large_labels(512 * kMiB, ApiVersion::kV1_1, 3);
}

TEST(Labels, MayBeComputedInParts) {
    constexpr std::uint64_t kNodes = 100;
    const Graph graph(kNodes, ApiVersion::kV1_0, Bytes32{});
    for (const Crew& crew : crews(kNodes)) {
        SCOPED_TRACE(describe(crew));
        const Labeller labeller(Bytes32{9}, graph, best_sha256_kernel(), crew);
        std::vector<std::uint8_t> whole(kNodes * kNodeBytes);
        std::vector<std::uint8_t> parts(kNodes * kNodeBytes);
        labeller.label({1, nullptr, whole.data()}, {0, kNodes}, {});
        for (std::uint64_t node = 0; node < kNodes; node += 10) {
            labeller.label({1, nullptr, parts.data()}, {node, node + 10}, {});
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
        labeller.label({1, nullptr, label.data()}, {0, 1}, {});
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
    [[nodiscard]] std::uint64_t nodes() const override { return graph_->nodes(); }
    void parents(std::uint64_t first, std::size_t count, ParentRow* rows) const override {
        if (first + count > nodes() / 2) {
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
        EXPECT_THROW(labeller.label({1, nullptr, labels.data()}, {0, kNodes}, {}), std::runtime_error)
            << describe(crew);
    }
}

}  // namespace
}  // namespace pc1
