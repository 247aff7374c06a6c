// Many processes and one pool, neither ever at rest (storm/conductor/main.cpp).

#include "tests/support/child_process.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

namespace tests {
namespace {

// STORM_SECONDS and STORM_SEED in the environment: for longer ones, and to have one again.
TEST(Storm, LeavesEveryByteWithItsOwnerAndEveryFileFree) {
    const char* seconds = std::getenv("STORM_SECONDS");
    const char* seed = std::getenv("STORM_SEED");
    std::vector<std::string> command = {STORM, "--quiet", "--seconds", seconds != nullptr ? seconds : "60"};
    if (seed != nullptr) {
        command.insert(command.end(), {"--seed", seed});
    }
    const auto storm = run(command);
    if (storm.exit_status == 77) {
        GTEST_SKIP() << storm.out;
    }
    std::printf("%s", storm.out.c_str());
    EXPECT_TRUE(storm.ok()) << storm.out << storm.err << " signal " << storm.signal;
}

}  // namespace
}  // namespace tests
