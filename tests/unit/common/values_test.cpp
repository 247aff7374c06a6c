#include "tools/common/values.h"

#include <gtest/gtest.h>

#include <unistd.h>

namespace tools {
namespace {

TEST(Mode, IsOctal) {
    EXPECT_EQ(parse_mode("0600"), mode_t{0600});
    EXPECT_EQ(parse_mode("640"), mode_t{0640});
    EXPECT_EQ(parse_mode("0"), mode_t{0});
    for (const char* text : {"", "8", "0o600", "1000", "-600", "600 "}) {
        EXPECT_FALSE(parse_mode(text)) << text;
    }
}

TEST(Users, AreNamesOrNumbers) {
    EXPECT_EQ(parse_user("root"), uid_t{0});
    EXPECT_EQ(parse_user("12345"), uid_t{12345});
    EXPECT_EQ(parse_group("root"), gid_t{0});
    EXPECT_FALSE(parse_user("nobody at all"));
    EXPECT_FALSE(parse_user("4294967295")) << "means \"leave it\" to chown";
}

TEST(BinaryUnit, TakesThePlaceOfADecimalOne) {
    for (const char* size : {"32GB", "32gb", "32 g"}) {
        EXPECT_EQ(in_binary_unit(size), hugepage::ByteSize{32UL << 30}) << size;
    }
    for (const char* size : {"32GiB", "32Gi", "32B", "32"}) {
        EXPECT_FALSE(in_binary_unit(size)) << size;
    }
}

TEST(IdleSlashes, AreLeftOut) {
    EXPECT_EQ(without_idle_slashes("/a//b/"), "/a/b");
    EXPECT_EQ(without_idle_slashes("a"), "a");
    EXPECT_EQ(without_idle_slashes("//"), "/");
    EXPECT_EQ(without_idle_slashes(""), "");
}

}  // namespace
}  // namespace tools
