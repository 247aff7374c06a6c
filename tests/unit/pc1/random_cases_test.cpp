// Hundreds of small sectors of random size, ids and layers: every implementation, crew and source of parents
// against the specification written out plainly.
#include "tools/pc1/graph.h"
#include "tools/pc1/hash.h"
#include "tools/pc1/label.h"
#include "tools/pc1/upstream.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace pc1 {
namespace {

using Bytes = std::vector<std::uint8_t>;

struct Case {
    std::uint64_t nodes;
    std::uint32_t layers;
    ApiVersion version;
    Bytes32 porep_id;
    Bytes32 replica_id;
};

class RandomCases {
  public:
    explicit RandomCases(std::uint64_t seed) : generator_(seed) {}

    std::uint64_t below(std::uint64_t limit) { return generator_() % limit; }

    Case next() {
        constexpr ApiVersion kVersions[] = {ApiVersion::kV1_0, ApiVersion::kV1_1, ApiVersion::kV1_2};
        Case drawn{.nodes = 1 + below(below(10) == 0 ? 700 : 150),
                   .layers = static_cast<std::uint32_t>(1 + below(4)),
                   .version = kVersions[below(3)],
                   .porep_id = {},
                   .replica_id = {}};
        std::ranges::generate(drawn.porep_id, [this] { return static_cast<std::uint8_t>(below(256)); });
        std::ranges::generate(drawn.replica_id, [this] { return static_cast<std::uint8_t>(below(256)); });
        return drawn;
    }

    Crew next_crew() {
        constexpr unsigned kProducers[] = {0, 1, 4};
        const std::size_t lookahead = 1 + below(300);
        return {.producers = kProducers[below(3)], .lookahead = lookahead, .stride = 1 + below(lookahead)};
    }

  private:
    std::mt19937_64 generator_;
};

// From the environment: for more cases, and others.
std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text != nullptr ? std::stoull(text) : otherwise;
}

// Section 6 of the specification, one message at a time, with the portable hash.
std::vector<Bytes> plain_layers(const Case& drawn, const std::vector<ParentRow>& rows) {
    std::vector<Bytes> layers;
    Bytes previous;
    for (std::uint32_t layer = 1; layer <= drawn.layers; ++layer) {
        Bytes labels(drawn.nodes * kNodeBytes);
        for (std::uint64_t node = 0; node < drawn.nodes; ++node) {
            Bytes message(64);
            std::ranges::copy(drawn.replica_id, message.begin());
            store_be(&message[32], layer);
            store_be(&message[36], node);
            for (std::size_t i = 0; node > 0 && i < 37; ++i) {
                const std::size_t parent = i % (layer == 1 ? kBaseParents : kParents);
                const Bytes& from = parent < kBaseParents ? labels : previous;
                const auto label = std::span(from).subspan(kNodeBytes * rows[node][parent], kNodeBytes);
                message.insert(message.end(), label.begin(), label.end());
            }
            Bytes32 digest = Sha256(kSha256Portable).update(message).finish();
            digest[31] &= 0x3f;
            std::ranges::copy(digest, labels.begin() + static_cast<std::ptrdiff_t>(kNodeBytes * node));
        }
        layers.push_back(labels);
        previous = labels;
    }
    return layers;
}

std::vector<Bytes> labelled_layers(const Case& drawn, const ParentSource& source, const Sha256Kernel& sha256,
                                   const Crew& crew) {
    std::vector<Bytes> layers;
    Bytes previous;
    const Labeller labeller(drawn.replica_id, source, sha256, crew);
    for (std::uint32_t layer = 1; layer <= drawn.layers; ++layer) {
        Bytes labels(drawn.nodes * kNodeBytes, 0xee);
        labeller.label({layer, previous.data(), labels.data()}, {0, drawn.nodes});
        layers.push_back(labels);
        previous = labels;
    }
    return layers;
}

TEST(RandomSectors, HaveTheSameLabelsWithEveryImplementationCrewAndSourceOfParents) {
    const std::uint64_t cases = number_of("RANDOM_SECTORS", 60);
    const std::uint64_t seed = number_of("RANDOM_SECTORS_SEED", 1);
    RandomCases random(seed);
    for (std::uint64_t number = 0; number < cases; ++number) {
        const Case drawn = random.next();
        SCOPED_TRACE("seed " + std::to_string(seed) + " (RANDOM_SECTORS_SEED), case " +
                     std::to_string(number) + ": " + std::to_string(drawn.nodes) + " nodes, API " +
                     std::string(to_text(drawn.version)));
        const Graph graph(drawn.nodes, drawn.version, drawn.porep_id, chacha8_kernels().back());
        std::vector<ParentRow> rows(drawn.nodes);
        graph.parents(0, rows.size(), rows.data());
        const auto expected = plain_layers(drawn, rows);

        std::vector<std::unique_ptr<ParentSource>> sources;
        for (const Chacha8Kernel& kernel : chacha8_kernels()) {
            sources.push_back(std::make_unique<Graph>(drawn.nodes, drawn.version, drawn.porep_id, kernel));
        }
        sources.push_back(std::make_unique<ParentFile>(graph, NodeRange{0, drawn.nodes}, 2));

        for (const auto& source : sources) {
            for (const Sha256Kernel* sha256 : sha256_kernels()) {
                const Crew crew = random.next_crew();
                ASSERT_EQ(labelled_layers(drawn, *source, *sha256, crew), expected)
                    << sha256->name << ", producers " << crew.producers << ", lookahead " << crew.lookahead
                    << ", stride " << crew.stride;
            }
        }
    }
}

// As long as no label outside the stretch is read that isn't there.
TEST(RandomSectors, HaveTheSameLabelsWhereOnlyAStretchIsLabelled) {
    RandomCases random(1);
    for (int number = 0; number < 100; ++number) {
        const Case drawn = random.next();
        const Graph graph(drawn.nodes, drawn.version, drawn.porep_id);
        std::vector<ParentRow> rows(drawn.nodes);
        graph.parents(0, rows.size(), rows.data());
        const auto expected = plain_layers(drawn, rows);
        const std::uint64_t first = random.below(drawn.nodes);
        const std::uint64_t last = first + 1 + random.below(drawn.nodes - first);
        const ParentFile table(graph, {first, last}, 1);
        for (std::uint32_t layer = 1; layer <= drawn.layers; ++layer) {
            Bytes labels = expected[layer - 1];
            std::fill(labels.begin() + static_cast<std::ptrdiff_t>(kNodeBytes * first), labels.end(), 0xee);
            const std::uint8_t* previous = layer == 1 ? nullptr : expected[layer - 2].data();
            const Labeller labeller(drawn.replica_id, table, best_sha256_kernel(), random.next_crew());
            labeller.label({layer, previous, labels.data()}, {first, last});
            const auto bytes = static_cast<std::ptrdiff_t>(kNodeBytes * last);
            EXPECT_TRUE(std::equal(labels.begin(), labels.begin() + bytes, expected[layer - 1].begin()));
            EXPECT_TRUE(std::all_of(labels.begin() + bytes, labels.end(), [](auto b) { return b == 0xee; }));
        }
    }
}

}  // namespace
}  // namespace pc1
