#include "shim/base/text.h"

#include <gtest/gtest.h>

namespace hugepage {
namespace {

TEST(FixedString, CutsWhatDoesNotFitAndSaysSo) {
    FixedString<8> text("1234");
    EXPECT_FALSE(text.truncated());
    text.append("567");
    EXPECT_EQ(text.view(), "1234567");
    EXPECT_FALSE(text.truncated());
    text.append("8");
    EXPECT_EQ(text.view(), "1234567");
    EXPECT_STREQ(text.c_str(), "1234567");
    EXPECT_TRUE(text.truncated());
}

TEST(Format, PutsTextsAndNumbersTogether) {
    FixedString<128> text;
    append(text, "a ", 1, " ", 2L, " ", std::uint64_t{18446744073709551615U}, " ", Padded{7, 3}, " ",
           Padded{1234, 2}, " ", Tenths{0.96}, " ", Tenths{12.34}, " ",
           Address{reinterpret_cast<void*>(0xbeef)});
    EXPECT_EQ(text.view(), "a 1 2 18446744073709551615 007 1234 1.0 12.3 0xbeef");
}

}  // namespace
}  // namespace hugepage
