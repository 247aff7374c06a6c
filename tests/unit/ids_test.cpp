#include "shim/base/ids.h"

#include <gtest/gtest.h>

namespace hugepage {
namespace {

TEST(IdSet, ReadsRangesAndSingleCpus) {
    const auto cpus = parse_cpu_list("0-2,8,10-11\n");
    ASSERT_TRUE(cpus);
    EXPECT_EQ(cpus->count(), 6);
    for (const int cpu : {0, 1, 2, 8, 10, 11}) {
        EXPECT_TRUE(cpus->contains(CpuId{cpu})) << cpu;
    }
    EXPECT_FALSE(cpus->contains(CpuId{3}));
    EXPECT_FALSE(cpus->contains(CpuId{9}));
}

TEST(IdSet, ReadsTheEmptyListOfANodeWithoutCpus) {
    const auto cpus = parse_cpu_list("\n");
    ASSERT_TRUE(cpus);
    EXPECT_EQ(cpus->count(), 0);
}

TEST(IdSet, ReachesTheLastCpuAndNoFurther) {
    ASSERT_TRUE(parse_cpu_list("4095"));
    EXPECT_TRUE(parse_cpu_list("4095")->contains(CpuId{4095}));
    EXPECT_FALSE(parse_cpu_list("4096"));
    EXPECT_FALSE(parse_cpu_list("0-4096"));
}

TEST(IdSet, RefusesWhatIsNoList) {
    for (const char* text : {"a", "1-", "-1", "3-1", "1,,2", ",", "1,", "0-3,\n", "1-2-3", "1 2", "0x1"}) {
        EXPECT_FALSE(parse_cpu_list(text)) << text;
    }
}

TEST(IdSet, KnowsWhetherSetsMeet) {
    EXPECT_TRUE(parse_cpu_list("0-3")->intersects(*parse_cpu_list("3-9")));
    EXPECT_FALSE(parse_cpu_list("0-3")->intersects(*parse_cpu_list("4,4000")));
}

TEST(IdSet, ReadsListsOfNodesUpToTheKernelsMost) {
    EXPECT_EQ(parse_node_list("0,1023")->count(), 2);
    EXPECT_FALSE(parse_node_list("1024"));
}

TEST(IdSet, KnowsItsFirstAndItsOnlyMember) {
    NodeSet nodes;
    EXPECT_TRUE(nodes.empty());
    EXPECT_EQ(nodes.first(), std::nullopt);
    EXPECT_EQ(nodes.single(), std::nullopt);
    nodes.insert(NodeId{700});
    EXPECT_EQ(nodes.single(), NodeId{700});
    nodes.insert(NodeId{65});
    EXPECT_EQ(nodes.single(), std::nullopt);
    EXPECT_EQ(nodes.first(), NodeId{65});
    nodes.remove(NodeId{65});
    EXPECT_EQ(nodes.single(), NodeId{700});
    nodes.intersect(*parse_node_list("0-699"));
    EXPECT_TRUE(nodes.empty());
}

}  // namespace
}  // namespace hugepage
