// The progress bar as text.
#include "tools/common/progress.h"

#include <gmock/gmock.h>

namespace tools {
namespace {

ProgressState half_done() {
    ProgressState state;
    state.label = "layer 1 of 2";
    state.fraction = 0.5;
    state.rate = "680 ns/node";
    state.seconds_left = 75.4;
    return state;
}

TEST(ProgressLine, ShowsLabelBarPercentRateAndTimeLeft) {
    EXPECT_EQ(progress_line(half_done(), 80),
              "layer 1 of 2 [=================>                  ]  50%  680 ns/node  1:15 left");
}

TEST(ProgressLine, NeverIsWiderThanTheTerminal) {
    for (std::size_t width = 0; width < 200; ++width) {
        EXPECT_LE(progress_line(half_done(), width).size(), width);
    }
}

TEST(ProgressLine, LeavesTheBarOutWhereThereIsNoRoomForIt) {
    EXPECT_EQ(progress_line(half_done(), 50), "layer 1 of 2  50%  680 ns/node  1:15 left");
}

TEST(ProgressLine, LeavesOutWhatIsNotKnownYet) {
    ProgressState state = half_done();
    state.fraction = 0;
    state.rate = {};
    state.seconds_left = -1;
    EXPECT_EQ(progress_line(state, 30), "layer 1 of 2 [          ]   0%");
}

TEST(ProgressLine, StaysInBoundsIfMoreIsDoneThanThereWas) {
    ProgressState state = half_done();
    state.fraction = 1.5;
    EXPECT_THAT(progress_line(state, 80), testing::HasSubstr("=] 100%"));
}

TEST(ProgressLine, ShowsHoursIfItTakesThatLong) {
    ProgressState state = half_done();
    state.seconds_left = 4000;
    EXPECT_THAT(progress_line(state, 80), testing::HasSubstr("1:06:40 left"));
}

}  // namespace
}  // namespace tools
