#include "shim/base/topology.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

namespace hugepage {
namespace {

using Source = NodeChoice::Source;

int current_node() {
    unsigned cpu = 0;
    unsigned node = 0;
    ::getcpu(&cpu, &node);
    return static_cast<int>(node);
}

// This machine's CPUs on a node of the test's choosing, and others on another. (What the kernel itself has to
// say of nodes is tested on machines that have several: tests/vm.)
class NodeChoiceTest : public testing::Test {
  protected:
    void all_cpus_on(int node) {
        dir_.write("devices/system/node/online",
                   std::to_string(node) + "-" + std::to_string(node + 1) + "\n");
        dir_.write("devices/system/node/node" + std::to_string(node) + "/cpulist", "0-2047\n");
        dir_.write("devices/system/node/node" + std::to_string(node + 1) + "/cpulist", "2048-2049\n");
    }
    [[nodiscard]] Topology topology() const { return Topology(dir_.path().c_str()); }

    tests::TempDir dir_;
};

TEST_F(NodeChoiceTest, TakesTheVariableBeforeAllElse) {
    all_cpus_on(3);
    const auto choice = choose_node(NodeId{7}, topology());
    EXPECT_EQ(choice.node, NodeId{7});
    EXPECT_EQ(choice.source, Source::variable);
}

TEST_F(NodeChoiceTest, TakesTheOneNodeOfTheMemoryPolicyBeforeTheAffinity) {
    all_cpus_on(0);
    std::thread([this] {  // of its own, since a policy belongs to the thread
        unsigned long node_0 = 1;
        if (::syscall(SYS_set_mempolicy, MPOL_BIND, &node_0, 64) != 0) {
            GTEST_SKIP() << "needs set_mempolicy: " << errno;
        }
        const auto choice = choose_node(std::nullopt, topology());
        EXPECT_EQ(choice.node, NodeId{0});
        EXPECT_EQ(choice.source, Source::policy);
        ASSERT_EQ(::syscall(SYS_set_mempolicy, MPOL_PREFERRED, &node_0, 64), 0);
        EXPECT_EQ(choose_node(std::nullopt, topology()).source, Source::policy);
        ASSERT_EQ(::syscall(SYS_set_mempolicy, MPOL_INTERLEAVE, &node_0, 64), 0);
        EXPECT_NE(choose_node(std::nullopt, topology()).source, Source::policy);
    })
        .join();
}

TEST_F(NodeChoiceTest, TakesTheNodeThatTheThreadsCpusLieIn) {
    all_cpus_on(3);
    const auto choice = choose_node(std::nullopt, topology());
    EXPECT_EQ(choice.node, NodeId{3});
    EXPECT_EQ(choice.source, Source::affinity);
}

TEST_F(NodeChoiceTest, TakesTheNearestToTheCurrentCpuWhenTheThreadMayRunAnywhere) {
    const auto here = std::to_string(current_node());
    dir_.write("devices/system/node/node" + here + "/cpulist", "0-2047\n");
    dir_.write("devices/system/node/node" + here + "/distance", "10 30 20\n");
    dir_.write("devices/system/node/node900/cpulist", "0-2047\n");
    dir_.write("devices/system/node/node901/cpulist", "\n");
    dir_.write("devices/system/node/online", here + ",900-901\n");
    dir_.write("devices/system/node/has_memory", "900-901\n");
    const auto choice = choose_node(std::nullopt, topology());
    EXPECT_EQ(choice.source, Source::current);
    EXPECT_EQ(choice.node, NodeId{901});
    EXPECT_EQ(choice.allowed, *parse_node_list("900-901"));
}

}  // namespace
}  // namespace hugepage
