// Byte order and hexadecimal text.
#include "tools/pc1/bytes.h"

#include <gmock/gmock.h>

namespace pc1 {
namespace {

TEST(Bytes, AreStoredTheHighestFirst) {
    std::array<std::uint8_t, 4> bytes{};
    store_be<std::uint32_t>(bytes.data(), 0x01020304);
    EXPECT_EQ(to_hex(bytes), "01020304");
}

TEST(Hex, GoesThereAndBack) {
    const std::string text = "00ff0123456789abcdeffedcba98765432100102030405060708090a0b0c0d0e";
    ASSERT_TRUE(bytes32_from_hex(text).has_value());
    EXPECT_EQ(to_hex(*bytes32_from_hex(text)), text);
    EXPECT_EQ(bytes32_from_hex(std::string(64, 'A')), bytes32_from_hex(std::string(64, 'a')));
}

TEST(Hex, TakesExactly64Digits) {
    const std::string digits(64, '0');
    EXPECT_TRUE(bytes32_from_hex(digits).has_value());
    EXPECT_FALSE(bytes32_from_hex("").has_value());
    EXPECT_FALSE(bytes32_from_hex(digits + "0").has_value());
    EXPECT_FALSE(bytes32_from_hex(digits.substr(1)).has_value());
    EXPECT_FALSE(bytes32_from_hex(digits.substr(1) + "g").has_value());
    EXPECT_FALSE(bytes32_from_hex("0x" + digits.substr(2)).has_value());
}

}  // namespace
}  // namespace pc1
