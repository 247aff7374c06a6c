#include "shim/base/config.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace hugepage {
namespace {

const std::string kPath = std::filesystem::read_symlink("/proc/self/exe").string();

TEST(Executable, IsMatchedByItsName) {
    ASSERT_EQ(std::filesystem::path(kPath).filename(), "unit_tests");
    EXPECT_TRUE(executable_matches("unit_tests"));
    EXPECT_TRUE(executable_matches("unit_*"));
    EXPECT_TRUE(executable_matches("*"));
    EXPECT_TRUE(executable_matches("[a-u]nit?tests"));
    EXPECT_FALSE(executable_matches("unit_test"));
    EXPECT_FALSE(executable_matches("Unit_tests"));
    EXPECT_FALSE(executable_matches("x*"));
    EXPECT_FALSE(executable_matches(""));
    EXPECT_FALSE(executable_matches("["));
}

TEST(Executable, IsMatchedByItsPathIfTheGlobHasASlash) {
    EXPECT_TRUE(executable_matches(kPath.c_str()));
    EXPECT_TRUE(executable_matches((kPath.substr(0, kPath.rfind('/')) + "/unit*").c_str()));
    EXPECT_FALSE(executable_matches("/unit_tests"));
    EXPECT_FALSE(executable_matches("/*"));
}

}  // namespace
}  // namespace hugepage
