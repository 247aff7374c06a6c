// Labels against the reference program: every byte of every layer, by its digest.
#include "tools/pc1/labels.h"

#include "reference.h"
#include "tools/pc1/sha256.h"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

namespace pc1 {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

std::string hex_label(const std::vector<std::uint8_t>& labels, std::uint64_t node) {
    return to_hex(std::span(labels).subspan(kNodeBytes * node, kNodeBytes));
}

ParentTable parents_of(const reference::Labels& expected) {
    const Graph graph(expected.sector_size / kNodeBytes, expected.version, expected.porep_id);
    return ParentTable::compute(graph, std::max(1U, std::thread::hardware_concurrency()), {});
}

void expect_labels(const reference::Labels& expected, const Sha256Kernel& kernel) {
    SCOPED_TRACE(reference::describe(expected) + ", SHA-256: " + kernel.name);
    const ParentTable parents = parents_of(expected);
    const auto rows = std::as_bytes(parents.rows());
    EXPECT_EQ(
        to_hex(Sha256().update({reinterpret_cast<const std::uint8_t*>(rows.data()), rows.size()}).finish()),
        expected.parents_sha256);

    // What the buffers hold before must not matter.
    std::vector<std::uint8_t> labels(expected.sector_size, 0xa5);
    std::vector<std::uint8_t> previous(expected.sector_size, 0x5a);
    const Labeller labeller(expected.replica_id, parents, kernel);
    std::uint32_t number = 0;
    for (const auto& layer : expected.layers) {
        ++number;
        SCOPED_TRACE("layer " + std::to_string(number));
        labeller.label({number, previous.data(), labels.data()}, 0, parents.nodes());
        for (std::uint64_t node = 0; node < layer.first.size(); ++node) {
            EXPECT_EQ(hex_label(labels, node), layer.first[node]) << "node " << node;
        }
        EXPECT_EQ(hex_label(labels, parents.nodes() - 1), layer.last);
        EXPECT_EQ(to_hex(Sha256().update(labels).finish()), layer.sha256);
        std::swap(labels, previous);
    }
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

TEST(Labels, MatchTheReferenceProgramForEverySmallCase) {
    for (const auto& expected : cases_of(0, kMiB)) {
        expect_labels(expected, best_sha256_kernel());
    }
}

TEST(Labels, AreTheSameWithEveryImplementationOfTheHash) {
    for (const auto& expected : cases_of(0, kMiB / 16)) {
        for (const Sha256Kernel* kernel : sha256_kernels()) {
            expect_labels(expected, *kernel);
        }
    }
}

TEST(Labels, MatchTheReferenceProgramForAllElevenLayersOf8MiB) {
    for (const auto& expected : cases_of(8 * kMiB, 8 * kMiB)) {
        EXPECT_EQ(expected.layers.size(), 11U);
        expect_labels(expected, best_sha256_kernel());
    }
}

TEST(Labels, MatchTheReferenceProgramForTwoLayersOf64MiB) {
    for (const auto& expected : cases_of(64 * kMiB, 64 * kMiB)) {
        expect_labels(expected, best_sha256_kernel());
    }
}

TEST(Labels, MayBeComputedInParts) {
    constexpr std::uint64_t kNodes = 100;
    const auto parents = ParentTable::compute(Graph(kNodes, ApiVersion::kV1_0, Bytes32{}), 1, {});
    const Labeller labeller(Bytes32{9}, parents, best_sha256_kernel());
    std::vector<std::uint8_t> whole(kNodes * kNodeBytes);
    std::vector<std::uint8_t> parts(kNodes * kNodeBytes);
    labeller.label({1, nullptr, whole.data()}, 0, kNodes);
    for (std::uint64_t node = 0; node < kNodes; node += 10) {
        labeller.label({1, nullptr, parts.data()}, node, node + 10);
    }
    EXPECT_EQ(parts, whole);
}

TEST(Labels, ExistForASectorOfOneNode) {
    const auto parents = ParentTable::compute(Graph(1, ApiVersion::kV1_1, Bytes32{}), 1, {});
    const Labeller labeller(Bytes32{9}, parents, best_sha256_kernel());
    std::vector<std::uint8_t> label(kNodeBytes);
    labeller.label({1, nullptr, label.data()}, 0, 1);

    std::array<std::uint8_t, 64> preimage{9};
    preimage[35] = 1;  // the layer
    Bytes32 expected = Sha256().update(preimage).finish();
    expected[31] &= 0x3f;
    EXPECT_EQ(to_hex(label), to_hex(expected));
}

}  // namespace
}  // namespace pc1
