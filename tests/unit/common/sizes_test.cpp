#include "shim/base/byte_size.h"
#include "tools/common/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hugepage {
namespace {

std::optional<std::uint64_t> parsed(std::string_view text) {
    const auto size = tools::parse_byte_size(text);
    return size ? std::optional(size->bytes) : std::nullopt;
}

TEST(ByteSize, ReadsDecimalAndBinaryUnitsInAnyCase) {
    EXPECT_EQ(parsed("1B"), 1U);
    EXPECT_EQ(parsed("2KB"), 2000U);
    EXPECT_EQ(parsed("3kiB"), 3U << 10);
    EXPECT_EQ(parsed("1MB"), 1000000U);
    EXPECT_EQ(parsed("2MiB"), 2U << 20);
    EXPECT_EQ(parsed("3GB"), 3000000000U);
    EXPECT_EQ(parsed("1GiB"), 1UL << 30);
    EXPECT_EQ(parsed("64gib"), 64UL << 30);
    EXPECT_EQ(parsed("1TiB"), 1UL << 40);
    EXPECT_EQ(parsed("4096"), 4096U);
    EXPECT_EQ(parsed("32 GiB"), 32UL << 30);
    EXPECT_EQ(parsed("2Mi"), 2U << 20);
    EXPECT_EQ(parsed("1.5GiB"), 3UL << 29);
    EXPECT_EQ(parsed("0.5KB"), 500U);
    EXPECT_EQ(parsed("15EiB"), 15UL << 60);
}

TEST(ByteSize, RefusesInvalidSizes) {
    for (const char* text : {"", "GiB", "1XB", "-1", "+1", "1 ", "1  GiB", " 1", "1GiBs", "1.GiB", ".5GiB",
                             "1.2.3GiB", "0.1B", "16EiB", "99999999999999999999", "1e3", "0x10", "1,5GiB"}) {
        EXPECT_EQ(parsed(text), std::nullopt) << '"' << text << '"';
    }
}

TEST(ByteSize, WritesSizesAsFileNamesHaveThem) {
    EXPECT_EQ(to_text(ByteSize{32UL << 30}).view(), "32.0 GiB");
    EXPECT_EQ(to_text(ByteSize{512UL << 20}).view(), "512.0 MiB");
    EXPECT_EQ(to_text(ByteSize{3UL << 29}).view(), "1.5 GiB");
    EXPECT_EQ(to_text(ByteSize{1UL << 10}).view(), "1.0 KiB");
    EXPECT_EQ(to_text(ByteSize{1023}).view(), "1023 B");
    EXPECT_EQ(to_text(ByteSize{0}).view(), "0 B");
    EXPECT_EQ(to_text(ByteSize{UINT64_MAX}).view(), "16.0 EiB");
}

TEST(ByteSize, WritesExactTextThatReadsBack) {
    for (const std::uint64_t bytes :
         {1UL, 1000UL, 1024UL, 3UL << 20, 32UL << 30, (1UL << 40) + 1, 1UL << 60}) {
        EXPECT_EQ(parsed(tools::exact_text(ByteSize{bytes})), bytes);
    }
    EXPECT_EQ(tools::exact_text(ByteSize{32UL << 30}), "32GiB");
    EXPECT_EQ(tools::exact_text(ByteSize{1000}), "1000B");
}

}  // namespace
}  // namespace hugepage
