#include "shim/core/topology.h"

#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace hugepage {
namespace {

using tests::TempDir;

// A /sys with nodes and their CPU lists.
class Machine {
  public:
    explicit Machine(const std::map<int, std::string>& cpus_of_node) {
        dir_.write("devices/system/node/online", "");
        dir_.write("devices/system/node/power/control", "auto\n");
        for (const auto& [node, cpus] : cpus_of_node) {
            dir_.write("devices/system/node/node" + std::to_string(node) + "/cpulist", cpus + "\n");
        }
    }
    [[nodiscard]] Topology topology() const { return Topology(dir_.path().c_str()); }

  private:
    TempDir dir_;
};

std::vector<int> nodes_of(const Topology& topology) {
    std::vector<int> nodes;
    EXPECT_TRUE(topology.for_each_node([&](NodeId node, const CpuSet&) { nodes.push_back(node.value); }));
    std::ranges::sort(nodes);
    return nodes;
}

std::optional<NodeId> node_of(const Topology& topology, const char* cpus) {
    const auto node = topology.single_node_of(*parse_cpu_list(cpus));
    EXPECT_TRUE(node);
    return node.value();
}

TEST(Topology, KnowsNodesWithHolesInTheirNumbers) {
    const Machine machine({{0, "0-3"}, {1, "4-7"}, {8, "8-11"}, {10, ""}});
    EXPECT_EQ(nodes_of(machine.topology()), (std::vector{0, 1, 8, 10}));
    EXPECT_EQ(machine.topology().cpus_of(NodeId{8}).value().count(), 4);
    EXPECT_EQ(machine.topology().cpus_of(NodeId{10}).value().count(), 0);
    EXPECT_EQ(machine.topology().cpus_of(NodeId{2}).error().code, ENOENT);
}

TEST(Topology, FindsTheOneNodeOfASetOfCpus) {
    const Machine machine({{0, "0-3,8-11"}, {1, "4-7,12-15"}});
    EXPECT_EQ(node_of(machine.topology(), "2,8"), NodeId{0});
    EXPECT_EQ(node_of(machine.topology(), "5"), NodeId{1});
    EXPECT_EQ(node_of(machine.topology(), "3-4"), std::nullopt);
    EXPECT_EQ(node_of(machine.topology(), "64"), std::nullopt);
}

TEST(Topology, TakesAnyCpuToBeOnTheOnlyNode) {
    const Machine machine({{0, "0-1"}});
    EXPECT_EQ(node_of(machine.topology(), "0-63"), NodeId{0});
}

TEST(Topology, SeesOneNodeOnAMachineWithoutNuma) {
    const TempDir empty;
    const Topology topology(empty.path().c_str());
    EXPECT_EQ(nodes_of(topology), std::vector{0});
    EXPECT_EQ(node_of(topology, "0-7"), NodeId{0});
}

TEST(Topology, SaysSoWhenSysfsIsOdd) {
    const Machine machine({{0, "0-3"}, {1, "not a list"}});
    EXPECT_FALSE(machine.topology().single_node_of(*parse_cpu_list("0")));
}

TEST(Topology, ReadsThisMachine) {
    const Topology topology;
    EXPECT_FALSE(nodes_of(topology).empty());
}

}  // namespace
}  // namespace hugepage
