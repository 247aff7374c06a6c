// How far a command has come, as text.
#include "tools/common/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tools {
namespace {

constexpr Seconds kElapsed{75.4};

TEST(ProgressText, ShowsLabelPercentRateAndTimeLeft) {
    EXPECT_EQ(progress_text("layer 1 of 2", 0.5, "680 ns/node", kElapsed, 80),
              "layer 1 of 2  50 %  680 ns/node  00:01:15 left");
    EXPECT_THAT(progress_text("layer 1 of 2", 0.01, "680 ns/node", kElapsed, 80),
                testing::HasSubstr("02:04:24 left"));
}

TEST(ProgressText, NeverIsWiderThanTheTerminal) {
    EXPECT_EQ(progress_text("layer 1 of 2", 0.5, "680 ns/node", kElapsed, 18), "layer 1 of 2  50 %");
}

TEST(ProgressText, LeavesOutWhatIsNotKnownYet) {
    EXPECT_EQ(progress_text("layer 1 of 2", 0, "", Seconds{0}, 80), "layer 1 of 2  0 %");
}

TEST(ProgressText, StaysInBoundsIfMoreIsDoneThanThereWas) {
    EXPECT_EQ(progress_text("layer 1 of 2", 1.5, "680 ns/node", kElapsed, 80),
              "layer 1 of 2  100 %  680 ns/node  00:00:00 left");
}

}  // namespace
}  // namespace tools
