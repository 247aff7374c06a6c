#include "shim/base/file_pattern.h"

#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <set>

namespace hugepage {
namespace {

using tests::TempDir;

std::set<int> nodes_of(const std::string& text) {
    const auto pattern = FilePattern::parse(text);
    EXPECT_TRUE(pattern) << text;
    std::set<int> nodes;
    EXPECT_TRUE(pattern->for_each_node([&](NodeId node) { nodes.insert(node.value); }));
    return nodes;
}

TEST(FilePattern, PutsTheNodeIntoEveryPlace) {
    const auto pattern = FilePattern::parse("/mnt/n$NUMA_NODE_INDEX/x/$NUMA_NODE_INDEX.d");
    ASSERT_TRUE(pattern);
    EXPECT_EQ(pattern->path_of(NodeId{12}).view(), "/mnt/n12/x/12.d");
    EXPECT_EQ(pattern->searched_folder().view(), "/mnt/");
}

TEST(FilePattern, OfAFolderIsTheFolderOfTheFork) {
    EXPECT_EQ(FilePattern::in_folder("/mnt/huge")->path_of(NodeId{1}).view(), "/mnt/huge/numa_1");
}

TEST(FilePattern, TakesAClosingStarForAllFiles) {
    EXPECT_EQ(FilePattern::parse("/mnt/numa_$NUMA_NODE_INDEX/*")->path_of(NodeId{0}).view(), "/mnt/numa_0");
}

TEST(FilePattern, RefusesTextWithoutAPlaceForTheNode) {
    EXPECT_FALSE(FilePattern::parse("/mnt/numa_0"));
    EXPECT_FALSE(FilePattern::parse("/mnt/$NUMA_NODE"));
    EXPECT_FALSE(FilePattern::parse(""));
    EXPECT_FALSE(FilePattern::in_folder(""));
    EXPECT_FALSE(FilePattern::parse("/" + std::string(5000, 'x') + "$NUMA_NODE_INDEX"));
}

TEST(FilePattern, FindsTheNodesThatHaveFolders) {
    const TempDir dir;
    for (const char* name :
         {"numa_0/f", "numa_1/f", "numa_17/f", "numa_00/f", "numa_01/f", "numa_/f", "numa_x/f", "numa_1024/f",
          "numa_99999999999999999999/f", "numa_-1/f", "xnuma_3/f", "numa_4x/f"}) {
        dir.write(name, "");
    }
    EXPECT_EQ(nodes_of(dir.path().string() + "/numa_$NUMA_NODE_INDEX"), (std::set{0, 1, 17}));
}

TEST(FilePattern, TakesEveryOtherCharacterAsItself) {
    const TempDir dir;
    dir.write("a [b]+ c.d/node2-x/f", "");
    dir.write("a [b]+ c.d/node3-y/f", "");
    const std::string base = dir.path().string() + "//./a [b]+ c.d/";
    EXPECT_EQ(nodes_of(base + "node$NUMA_NODE_INDEX-x"), std::set{2});
    EXPECT_EQ(nodes_of(base + "/node$NUMA_NODE_INDEX-y/"), std::set{3});
    EXPECT_EQ(nodes_of(base + "n.de$NUMA_NODE_INDEX-y"), std::set<int>{});
}

TEST(FilePattern, ReadsTheNumberWhereDigitsFollowIt) {
    const TempDir dir;
    dir.write("n15/f", "");
    dir.write("n1-1/f", "");
    EXPECT_EQ(nodes_of(dir.path().string() + "/n$NUMA_NODE_INDEX"
                                             "5"),
              std::set{1});
    EXPECT_EQ(nodes_of(dir.path().string() + "/n$NUMA_NODE_INDEX-$NUMA_NODE_INDEX"), std::set{1});
}

TEST(FilePattern, SaysSoWhenThereIsNothingToSearch) {
    const auto pattern = FilePattern::parse("/nowhere/at/all/numa_$NUMA_NODE_INDEX");
    EXPECT_EQ(pattern->for_each_node([](NodeId) {}).error().code, ENOENT);
}

}  // namespace
}  // namespace hugepage
