// The largest sectors that the reference program has labelled for us: every layer, by its digest.
#include "reference.h"
#include "sizes.h"

#include <gtest/gtest.h>

namespace pc1 {
namespace {

using reference::cases_of;
using reference::expect_labels;

// Each case is a test of its own, so that they can run side by side; one thread does all.
void expect_large_labels(std::uint64_t sector_size, ApiVersion version, std::size_t layers) {
    int found = 0;
    for (const auto& expected : cases_of(sector_size, sector_size)) {
        if (expected.version == version) {
            EXPECT_EQ(expected.layers.size(), layers);
            expect_labels(expected, Crew{.producers = 0});
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

}  // namespace
}  // namespace pc1
