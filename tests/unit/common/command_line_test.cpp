#include "tools/common/command_line.h"

#include <gtest/gtest.h>

namespace {

TEST(NearestOf, ProposesWhatIsSpeltAlmostSo) {
    const std::vector<std::string> commands = {"plan", "setup", "status", "doctor"};
    EXPECT_EQ(tools::nearest_of("statsu", commands), "; did you mean 'status'?");
    EXPECT_EQ(tools::nearest_of("pla", commands), "; did you mean 'plan'?");
    EXPECT_EQ(tools::nearest_of("set-up", commands), "; did you mean 'setup'?");
    EXPECT_EQ(tools::nearest_of("frobnicate", commands), ".");
    EXPECT_EQ(tools::nearest_of("plan", {}), ".");
}

}  // namespace
