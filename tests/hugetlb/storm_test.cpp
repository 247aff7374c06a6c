// Many processes and one pool, neither ever at rest (storm/conductor/main.cpp).

#include "tests/support/child_process.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace tests {
namespace {

// The same things at each run, at other moments. STORM_SECONDS in the environment is for longer storms,
// STORM_SEED for others: `random` for a new one. The seed is printed always.
TEST(Storm, LeavesEveryByteWithItsOwnerAndEveryFileFree) {
    const char* seconds = std::getenv("STORM_SECONDS");
    const char* seed = std::getenv("STORM_SEED");
    std::vector<std::string> command = {STORM, "--quiet", "--seconds", seconds != nullptr ? seconds : "10"};
    if (seed == nullptr || std::string_view(seed) != "random") {
        command.insert(command.end(), {"--seed", seed != nullptr ? seed : "1"});
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
