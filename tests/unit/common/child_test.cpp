#include "tools/common/child.h"

#include <gtest/gtest.h>

#include <csignal>

namespace tools {
namespace {

// As some supervisors start programs.
TEST(Child, HasItsStatusAlsoWhereTheSignalOfItsEndIsIgnored) {
    const auto before = std::signal(SIGCHLD, SIG_IGN);
    const Ended ended = run_child({"/bin/sh", "-c", "echo out; echo err >&2; exit 7"}, nullptr);
    std::signal(SIGCHLD, before);
    EXPECT_EQ(ended.status, 7);
    EXPECT_EQ(ended.output, "out\n");
    EXPECT_EQ(ended.errors, "err\n");
}

// As the user can do whose rights it has.
TEST(Child, IsKilledAtTheDeadlineThoughSomebodyHasStoppedIt) {
    const Ended ended = run_child(
        {"/bin/sh", "-c", "kill -STOP $$"}, nullptr, [] {}, std::chrono::seconds(1));
    EXPECT_TRUE(ended.is_late);
    EXPECT_EQ(ended.status, 128 + SIGKILL);
}

}  // namespace
}  // namespace tools
