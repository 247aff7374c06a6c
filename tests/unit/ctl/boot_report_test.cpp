#include "tools/ctl/boot/boot_report.h"

#include <gtest/gtest.h>

namespace ctl {
namespace {

TEST(LineDifference, IsEmptyForTheSame) {
    EXPECT_EQ(line_difference("a\nb\n", "a\nb\n"), "");
    EXPECT_EQ(line_difference("", ""), "");
}

TEST(LineDifference, ShowsWhatGoesAndWhatComes) {
    EXPECT_EQ(line_difference("a\nb\nc\n", "a\nx\nc\nd\n"), "  - b\n  + x\n  + d\n");
    EXPECT_EQ(line_difference("", "a\n"), "  + a\n");
    EXPECT_EQ(line_difference("a\n", ""), "  - a\n");
}

TEST(LineDifference, MovesNoCursor) {
    EXPECT_EQ(line_difference("\033[2J\n", ""), "  - \\x1b[2J\n");
}

}  // namespace
}  // namespace ctl
