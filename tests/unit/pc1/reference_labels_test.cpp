// What takes seconds to compare with the reference program: eleven layers, and the parents of all nodes, by
// their digests.
#include "reference.h"
#include "sizes.h"
#include "tools/pc1/graph.h"

#include <gtest/gtest.h>

namespace pc1 {
namespace {

using reference::cases_of;
using reference::expect_labels;

TEST(Labels, MatchTheReferenceProgramForAllElevenLayersOf8MiB) {
    for (const auto& expected : cases_of(8 * kMiB, 8 * kMiB)) {
        EXPECT_EQ(expected.layers.size(), 11U);
        expect_labels(expected);
    }
}

TEST(Parents, HaveTheDigestThatUpstreamPublishes) {
    ASSERT_EQ(reference::official_parent_files().size(), 10U);
    int computed = 0;
    for (const auto& official : reference::official_parent_files()) {
        SCOPED_TRACE(official.file_name);
        if (official.nodes * kNodeBytes <= 512 * kMiB) {
            const Graph graph(official.nodes, official.version, official.porep_id);
            EXPECT_EQ(to_hex(digest_of_parents(graph, 2)), official.sha256);
            ++computed;
        }
    }
    EXPECT_EQ(computed, 6);
}

TEST(Parents, HaveTheDigestOfTheReferenceProgramForEverySizeInItsRecord) {
    ASSERT_FALSE(reference::labels().empty());
    for (const auto& expected : reference::labels()) {
        for (const Chacha8Kernel& kernel : chacha8_kernels()) {
            if (expected.sector_size > 8 * kMiB && &kernel != &chacha8_kernels().front()) {
                continue;  // larger ones would only take longer
            }
            const Graph graph(expected.sector_size / kNodeBytes, expected.version, expected.porep_id, kernel);
            EXPECT_EQ(to_hex(digest_of_parents(graph, 1)), expected.parents_sha256)
                << reference::describe(expected) << ", ChaCha8: " << kernel.name;
        }
    }
}

}  // namespace
}  // namespace pc1
