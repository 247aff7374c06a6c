#include "tests/support/temp_dir.h"
#include "tests/unit/pool/machine.h"
#include "tools/pool/request.h"

#include <gtest/gtest.h>

namespace pool {
namespace {

TEST(PoolPlace, IsAbsoluteAndWithoutLinks) {
    const tests::TempDir folder;
    const auto real = std::filesystem::canonical(folder.path());
    std::filesystem::create_directory(real / "there");
    std::filesystem::create_symlink(real / "there", real / "link");
    const auto place = pattern_of(real / "link//new/", "");
    EXPECT_EQ(place_of(place), real / "there/new");
    EXPECT_EQ(place.text(), (real / "there/new/numa_$NUMA_NODE_INDEX").string());
    const auto pattern = pattern_of("/ignored", real / "link/n$NUMA_NODE_INDEX/x");
    EXPECT_EQ(place_of(pattern), real / "there");
    EXPECT_EQ(pattern.text(), (real / "there/n$NUMA_NODE_INDEX/x").string());
}

TEST(PoolPlace, MustBeGiven) {
    std::string too_long;
    while (too_long.size() < 5000) {
        too_long += "folder/";
    }
    EXPECT_EQ(refusal_of([] { static_cast<void>(pattern_of("", "")); }).code, tools::ExitCode::usage);
    EXPECT_EQ(refusal_of([] { static_cast<void>(pattern_of("", "/mnt/numa")); }).code,
              tools::ExitCode::usage);
    EXPECT_EQ(refusal_of([&] { static_cast<void>(pattern_of("/" + too_long, "")); }).code,
              tools::ExitCode::usage);
}

}  // namespace
}  // namespace pool
