#include "shim/core/cpu_list.h"

#include <gtest/gtest.h>

namespace hugepage {
namespace {

TEST(CpuList, ReadsRangesAndSingleCpus) {
    const auto cpus = parse_cpu_list("0-2,8,10-11\n");
    ASSERT_TRUE(cpus);
    EXPECT_EQ(cpus->count(), 6);
    for (const int cpu : {0, 1, 2, 8, 10, 11}) {
        EXPECT_TRUE(cpus->contains(CpuId{cpu})) << cpu;
    }
    EXPECT_FALSE(cpus->contains(CpuId{3}));
    EXPECT_FALSE(cpus->contains(CpuId{9}));
}

TEST(CpuList, ReadsTheEmptyListOfANodeWithoutCpus) {
    const auto cpus = parse_cpu_list("\n");
    ASSERT_TRUE(cpus);
    EXPECT_EQ(cpus->count(), 0);
}

TEST(CpuList, ReachesTheLastCpuAndNoFurther) {
    ASSERT_TRUE(parse_cpu_list("4095"));
    EXPECT_TRUE(parse_cpu_list("4095")->contains(CpuId{4095}));
    EXPECT_FALSE(parse_cpu_list("4096"));
    EXPECT_FALSE(parse_cpu_list("0-4096"));
}

TEST(CpuList, RefusesWhatIsNoList) {
    for (const char* text : {"a", "1-", "-1", "3-1", "1,,2", ",", "1-2-3", "1 2", "0x1"}) {
        EXPECT_FALSE(parse_cpu_list(text)) << text;
    }
}

TEST(CpuList, KnowsWhetherSetsMeet) {
    EXPECT_TRUE(parse_cpu_list("0-3")->intersects(*parse_cpu_list("3-9")));
    EXPECT_FALSE(parse_cpu_list("0-3")->intersects(*parse_cpu_list("4,4000")));
}

}  // namespace
}  // namespace hugepage
