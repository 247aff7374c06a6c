#include "labels_of_reference.h"

#include <gtest/gtest.h>

#include <span>
#include <utility>

namespace pc1::reference {
namespace {

std::string hex_label(const std::vector<std::uint8_t>& labels, std::uint64_t node) {
    return to_hex(std::span(labels).subspan(kNodeBytes * node, kNodeBytes));
}

}  // namespace

std::string describe(const Crew& crew) {
    return "producers " + std::to_string(crew.producers) + ", lookahead " + std::to_string(crew.lookahead) +
           ", stride " + std::to_string(crew.stride);
}

void expect_labels(const Labels& expected, const Sha256Kernel& sha256, const Chacha8Kernel& chacha8,
                   const Crew& crew) {
    SCOPED_TRACE(describe(expected) + ", SHA-256: " + sha256.name + ", ChaCha8: " + chacha8.name + ", " +
                 describe(crew));
    const Graph graph(expected.sector_size / kNodeBytes, expected.version, expected.porep_id, chacha8);

    // What the buffers hold before must not matter.
    std::vector<std::uint8_t> labels(expected.sector_size, 0xa5);
    std::vector<std::uint8_t> previous(expected.sector_size, 0x5a);
    const Labeller labeller(expected.replica_id, graph, sha256, crew);
    std::uint32_t number = 0;
    for (const auto& layer : expected.layers) {
        ++number;
        SCOPED_TRACE("layer " + std::to_string(number));
        labeller.label({number, previous.data(), labels.data()}, {0, graph.nodes()});
        for (std::uint64_t node = 0; node < layer.first.size(); ++node) {
            EXPECT_EQ(hex_label(labels, node), layer.first[node]) << "node " << node;
        }
        EXPECT_EQ(hex_label(labels, graph.nodes() - 1), layer.last);
        EXPECT_EQ(to_hex(Sha256().update(labels).finish()), layer.sha256);
        std::swap(labels, previous);
    }
}

void expect_labels(const Labels& expected, const Crew& crew) {
    expect_labels(expected, best_sha256_kernel(), chacha8_kernels().front(), crew);
}

std::vector<Labels> cases_of(std::uint64_t at_least, std::uint64_t at_most) {
    std::vector<Labels> cases;
    for (const auto& expected : labels()) {
        if (expected.sector_size >= at_least && expected.sector_size <= at_most) {
            cases.push_back(expected);
        }
    }
    EXPECT_FALSE(cases.empty());
    return cases;
}

}  // namespace pc1::reference
