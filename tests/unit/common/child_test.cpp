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

}  // namespace
}  // namespace tools
