// Labelling as upstream does it: slower, with the same labels.
#include "tools/pc1/upstream.h"

#include "tools/pc1/hash.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

namespace pc1 {
namespace {

using Labels = std::vector<std::uint8_t>;

constexpr std::uint64_t kNodes = 10'000;  // of several windows of parents, and a part of one
constexpr Bytes32 kReplicaId{9};

class Upstream : public testing::Test {
  protected:
    Upstream() {
        const Labeller labeller(kReplicaId, graph_, best_sha256_kernel(), Crew{.producers = 0});
        labeller.label({1, nullptr, first_.data()}, {0, kNodes});
        labeller.label({2, first_.data(), second_.data()}, {0, kNodes});
    }

    const Graph graph_{kNodes, ApiVersion::kV1_1, Bytes32{5}};
    Labels first_ = Labels(kNodes * kNodeBytes);
    Labels second_ = Labels(kNodes * kNodeBytes);
};

TEST_F(Upstream, GivesTheSameLabelsByOneThread) {
    ParentFile parents(graph_, {0, kNodes}, 2);
    Labels labels(kNodes * kNodeBytes);
    label_as_upstream({1, nullptr, labels.data()}, {0, kNodes}, kReplicaId, parents);
    EXPECT_EQ(labels, first_);
    label_as_upstream({2, first_.data(), labels.data()}, {0, kNodes}, kReplicaId, parents);
    EXPECT_EQ(labels, second_);
}

TEST_F(Upstream, GivesTheSameLabelsOfAStretch) {
    constexpr NodeRange kStretch{3000, 9000};
    ParentFile parents(graph_, kStretch, 1);
    Labels labels = second_;
    std::fill(labels.begin() + kStretch.first * kNodeBytes, labels.begin() + kStretch.last * kNodeBytes, 1);
    label_as_upstream({2, first_.data(), labels.data()}, kStretch, kReplicaId, parents);
    EXPECT_EQ(labels, second_);
}

TEST_F(Upstream, GivesTheSameLabelsBySeveralThreadsAndOnEveryCpu) {
    for (const Sha256Kernel* kernel : {&upstream_sha256_kernel(), &upstream_sha256_kernel(kSha256Portable)}) {
        const Labeller labeller(kReplicaId, graph_, *kernel, upstream_crew(4));
        for (const std::uint32_t number : {1U, 2U}) {
            Labels labels(kNodes * kNodeBytes);
            labeller.label({number, first_.data(), labels.data()}, {0, kNodes});
            EXPECT_EQ(labels, number == 1 ? first_ : second_);
        }
    }
}

TEST_F(Upstream, HasTheParentsOfTheGraphByAnyNumberOfThreads) {
    constexpr NodeRange kRange{3000, 9000};
    std::vector<ParentRow> expected(kRange.size());
    graph_.parents(kRange.first, expected.size(), expected.data());
    for (const unsigned threads : {1U, 7U}) {
        ParentFile parents(graph_, kRange, threads);
        std::vector<ParentRow> rows(kRange.size());
        parents.parents(kRange.first, rows.size(), rows.data());
        EXPECT_EQ(rows, expected);
        for (std::uint64_t node = kRange.first; node < kRange.last; ++node) {
            ASSERT_EQ(parents.row(node), expected[node - kRange.first]) << node;
        }
    }
}

TEST_F(Upstream, IsWalkedWithinTheNodesAlone) {
    constexpr NodeRange kStretch{3000, 9000};
    Labels labels = second_;
    walk({2, first_.data(), labels.data()}, kStretch, graph_);
    EXPECT_TRUE(std::equal(second_.begin(), second_.begin() + kStretch.first * kNodeBytes, labels.begin()));
    EXPECT_TRUE(std::equal(second_.begin() + kStretch.last * kNodeBytes, second_.end(),
                           labels.begin() + kStretch.last * kNodeBytes));
}

TEST(UpstreamCrew, HasOneProducerForEachFurtherCpuUpToThree) {
    EXPECT_EQ(upstream_crew(1).producers, 1);
    EXPECT_EQ(upstream_crew(2).producers, 1);
    EXPECT_EQ(upstream_crew(3).producers, 2);
    EXPECT_EQ(upstream_crew(64).producers, 3);
}

}  // namespace
}  // namespace pc1
