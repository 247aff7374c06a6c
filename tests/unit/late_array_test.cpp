#include "shim/core/late_array.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>

namespace hugepage {
namespace {

TEST(LateArray, IsAPointerUntilItIsWanted) {
    LateArray<std::uint64_t, 1 << 20> array;
    static_assert(sizeof(array) == sizeof(void*));
    EXPECT_TRUE(array.first(0).empty());
    ASSERT_TRUE(array.prepare());
    const auto all = array.first(1 << 20);
    EXPECT_EQ(std::accumulate(all.begin(), all.end(), std::uint64_t{0}), 0U);
}

TEST(LateArray, StaysWhatItIsWhenPreparedAgain) {
    LateArray<int, 10> array;
    ASSERT_TRUE(array.prepare());
    array[9] = 7;
    ASSERT_TRUE(array.prepare());
    EXPECT_EQ(array.first(10).back(), 7);
}

TEST(LateArray, SaysSoWhenThereIsNoMemoryForIt) {
    LateArray<char, std::size_t{1} << 62> array;
    const auto ready = array.prepare();
    ASSERT_FALSE(ready);
    EXPECT_STREQ(ready.error().tried, "mmap");
    EXPECT_EQ(ready.error().code, ENOMEM);
    EXPECT_TRUE(array.first(0).empty());
}

}  // namespace
}  // namespace hugepage
