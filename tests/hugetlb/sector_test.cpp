// The whole path once, as an operator has it: files made by hugepage-file-init on real huge pages, an
// unmodified program that labels a sector, the shim between them.

#include "tests/preload/preloaded.h"

#include <nlohmann/json.hpp>

#include <fstream>

namespace tests {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::uint64_t kSector = 8UL << 20;
constexpr PageKind kTwoSectors{"Huge2M", 2UL << 20, 2 * kSector};

// The digests of the first layers that the reference program gives for this sector, API version 1.1.
std::vector<std::string> reference_digests(std::size_t layers) {
    const auto vectors = nlohmann::json::parse(std::ifstream(SDR_VECTORS));
    std::vector<std::string> digests;
    for (const auto& sector : vectors.at("labels")) {
        if (sector.at("sector_size") == kSector && sector.at("api") == "v1_1") {
            for (std::size_t layer = 0; layer < layers; ++layer) {
                digests.push_back(sector.at("layer").at(layer).at("sha256"));
            }
        }
    }
    return digests;
}

class Sector : public testing::Test {
  protected:
    void SetUp() override {
        if (!pool_.missing().empty()) {
            GTEST_SKIP() << pool_.missing();
        }
        const auto made =
            run({FILE_INIT, "--node=0", "--num=2", "--size=8MiB", "--path=" + pool_.path().string()});
        ASSERT_EQ(made.exit_status, 0) << made.err;
        files_ = {pool_.path() / "numa_0/8.0_MiB_0", pool_.path() / "numa_0/8.0_MiB_1"};
        ASSERT_EQ(made.out,
                  "Created hugepage memory files:\n" + files_[0].string() + "\n" + files_[1].string() + "\n");
    }

    [[nodiscard]] Environment environment() const {
        return preloaded({{"HUGEPAGE_FILES_PATH", pool_.path().string()}, {"HUGEPAGE_MODE", "require"}});
    }

    Pool pool_{kTwoSectors};
    std::vector<std::filesystem::path> files_;
};

constexpr std::size_t kLayers = 4;  // each buffer is read and written
const std::vector<std::string> kLabel = {PC1_LABEL, "--sector-size=8MiB",
                                         "--layers=" + std::to_string(kLayers), "--digest", "--json"};

std::vector<std::string> digests(const Outcome& outcome) {
    const auto report = nlohmann::json::parse(outcome.out);
    std::vector<std::string> result;
    for (const auto& layer : report.at("layers")) {
        result.push_back(layer.at("sha256"));
    }
    return result;
}

TEST_F(Sector, IsLabelledOnHugePagesWithTheReferenceDigests) {
    ChildProcess labelling(kLabel, environment());
    // Both buffers are there, with all their pages, from before the first layer to the end: look while it
    // runs.
    const auto are_there = testing::AllOf(SizeIs(2), Each(HasSubstr(" N0=4 kernelpagesize_kB=2048")));
    std::vector<std::string> buffers;
    while (!testing::Matches(are_there)(buffers) && !labelling.has_ended()) {
        buffers = labelling.mapped_files(pool_.path());
    }
    EXPECT_THAT(buffers, are_there);
    EXPECT_TRUE(is_leased(files_[0]));
    EXPECT_TRUE(is_leased(files_[1]));
    const auto served = labelling.wait();
    ASSERT_EQ(served.exit_status, 0) << served.err;
    EXPECT_THAT(served.err, HasSubstr("leased memory file: " + files_[0].string()));
    EXPECT_THAT(served.err, HasSubstr("leased memory file: " + files_[1].string()));
    EXPECT_EQ(digests(served), reference_digests(kLayers));
    EXPECT_FALSE(is_leased(files_[0]));
    EXPECT_FALSE(is_leased(files_[1]));
}

TEST_F(Sector, IsLabelledTheSameWithoutTheShim) {
    const auto plain = run(kLabel);
    ASSERT_EQ(plain.exit_status, 0) << plain.err;
    EXPECT_EQ(digests(plain), reference_digests(kLayers));
}

}  // namespace
}  // namespace tests
