#include "shim/base/topology.h"

#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

namespace hugepage {
namespace {

using tests::TempDir;

// A /sys of tests/fixtures/topology, or of the test's own.
class Machine {
  public:
    explicit Machine(const std::string& recorded) {
        add(tests::read_file(TOPOLOGIES "/" + recorded));
        topology_.emplace(dir_.path().c_str());
    }
    // Lines of "file: content".
    void add(const std::string& files) {
        std::istringstream lines(files);
        for (std::string line; std::getline(lines, line);) {
            const auto colon = line.find(": ");
            dir_.write("devices/system/node/" + line.substr(0, colon), line.substr(colon + 2) + "\n");
        }
    }
    void remove(const std::string& file) {
        std::filesystem::remove(dir_.path() / "devices/system/node" / file);
    }

    const Topology* operator->() const { return &*topology_; }

    [[nodiscard]] std::vector<int> nodes() const {
        std::vector<int> nodes;
        EXPECT_TRUE(
            topology_->for_each_node([&](NodeId node, const CpuSet&) { nodes.push_back(node.value); }));
        std::ranges::sort(nodes);
        return nodes;
    }
    [[nodiscard]] std::optional<NodeId> node_of(const char* cpus) const {
        return topology_->single_node_of(*parse_cpu_list(cpus));
    }
    [[nodiscard]] int nearest(int node, const char* candidates) const {
        const auto found = topology_->nearest(NodeId{node}, *parse_node_list(candidates));
        return found ? found->value : -1;
    }
    [[nodiscard]] bool has_memory_on(const char* nodes) const {
        return topology_->nodes_with_memory() == *parse_node_list(nodes);
    }

  private:
    TempDir dir_;
    std::optional<Topology> topology_;
};

TEST(Topology, OfOneNode) {
    const Machine machine("one");
    EXPECT_EQ(machine.nodes(), (std::vector{0}));
    EXPECT_TRUE(machine.has_memory_on("0"));
    // Any CPU is on the only node, whatever numbers an affinity mask may have.
    EXPECT_EQ(machine.node_of("0-63"), NodeId{0});
    EXPECT_EQ(machine.nearest(0, "0"), 0);
    EXPECT_EQ(machine.nearest(0, "1"), 1);
}

TEST(Topology, OfTwoNodes) {
    const Machine machine("two");
    EXPECT_EQ(machine.nodes(), (std::vector{0, 1}));
    EXPECT_EQ(machine.node_of("0"), NodeId{0});
    EXPECT_EQ(machine.node_of("2-3"), NodeId{1});
    EXPECT_EQ(machine.node_of("1-2"), std::nullopt);
    EXPECT_EQ(machine.node_of("64"), std::nullopt);
    EXPECT_EQ(machine.nearest(0, "1"), 1);
    EXPECT_EQ(machine.nearest(0, ""), -1);
}

TEST(Topology, OfFourNodesSomeNearerThanOthers) {
    const Machine machine("four");
    EXPECT_EQ(machine->cpus_of(NodeId{2}).value().count(), 2);
    EXPECT_EQ(machine.nearest(0, "1-3"), 1);
    EXPECT_EQ(machine.nearest(0, "2-3"), 2);
    EXPECT_EQ(machine.nearest(3, "0-2"), 2);
    EXPECT_EQ(machine.nearest(3, "0-1"), 1);
    EXPECT_EQ(machine.nearest(2, "0-1"), 0);  // both as far: the least
}

TEST(Topology, OfANodeWithoutMemoryAndOneWithoutCpus) {
    const Machine machine("no_memory_no_cpus");
    EXPECT_TRUE(machine.has_memory_on("0,2"));
    EXPECT_EQ(machine->cpus_of(NodeId{2}).value().count(), 0);
    EXPECT_EQ(machine.node_of("2-3"), NodeId{1});
    EXPECT_EQ(machine.nearest(1, "0,2"), 2);
}

TEST(Topology, OfOfflineCpus) {
    const Machine machine("offline_cpus");
    EXPECT_EQ(machine->cpus_of(NodeId{0}).value(), *parse_cpu_list("0,2-3"));
    EXPECT_EQ(machine.node_of("4-5"), NodeId{1});
    EXPECT_EQ(machine.node_of("6-7"), std::nullopt);
}

TEST(Topology, OfAMachineStartedWithoutNuma) {
    const Machine machine("numa_off");
    EXPECT_EQ(machine.nodes(), (std::vector{0}));
    EXPECT_EQ(machine.node_of("2-3"), NodeId{0});
}

TEST(Topology, OfEightNodes) {
    const Machine machine("eight");
    EXPECT_EQ(machine.nodes().size(), 8U);
    EXPECT_EQ(machine.node_of("6"), NodeId{6});
    EXPECT_EQ(machine.nearest(7, "2-6"), 2);
}

TEST(Topology, OfEightNodesWithHolesInTheirNumbers) {
    const Machine machine("eight_with_holes");
    EXPECT_EQ(machine.nodes(), (std::vector{0, 1, 8, 9, 16, 250, 251, 252}));
    EXPECT_TRUE(machine.has_memory_on("0-1,8-9,250-252"));
    EXPECT_EQ(machine->cpus_of(NodeId{9}).value().count(), 4);
    EXPECT_EQ(machine->cpus_of(NodeId{2}).error().code, ENOENT);
    EXPECT_EQ(machine.nearest(16, "0-1,8-9,250-252"), 251);
    EXPECT_EQ(machine.nearest(8, "250-252"), 251);
    EXPECT_EQ(machine.nearest(8, "0,9"), 9);
}

TEST(Topology, OfAMachineWithoutNuma) {
    const TempDir empty;
    const Topology topology(empty.path().c_str());
    EXPECT_EQ(topology.single_node_of(*parse_cpu_list("0-7")), NodeId{0});
    EXPECT_EQ(topology.nodes_with_memory(), *parse_node_list("0"));
    EXPECT_EQ(topology.nearest(NodeId{0}, *parse_node_list("0")), NodeId{0});
}

// Hyperthreads numbered in turns, on a machine with many CPUs and nodes.
TEST(Topology, OfListsOfAnyLength) {
    Machine machine("two");
    std::string cpus;
    std::string distances;
    for (int i = 0; i < 2048; ++i) {
        cpus += (i == 0 ? "" : ",") + std::to_string(2 * i);
    }
    machine.add("node0/cpulist: " + cpus);
    machine.add("online: 0-1023");
    for (int node = 0; node < 1024; ++node) {
        distances += (node == 0 ? "" : " ") + std::to_string(node == 1000 ? 20 : node == 1 ? 10 : 254);
    }
    machine.add("node1/distance: " + distances);
    machine.add("has_memory: " + cpus.substr(0, cpus.find(",1024")));
    EXPECT_EQ(machine->cpus_of(NodeId{0}).value().count(), 2048);
    EXPECT_EQ(machine.nearest(1, "0,2-1023"), 1000);
    EXPECT_EQ(machine->nodes_with_memory().count(), 512);
}

TEST(Topology, SaysSoWhenSysfsIsOddAndMakesTheBestOfIt) {
    Machine machine("four");
    machine.add("node1/cpulist: not a list\n");
    EXPECT_FALSE(machine->single_node_of(*parse_cpu_list("0")));
    machine.remove("node2/distance");
    EXPECT_EQ(machine.nearest(2, "0,3"), 0);
    machine.add("node3/distance: 40 30\n");
    EXPECT_EQ(machine.nearest(3, "0-2"), 1);
    machine.add("node3/distance: x y 12 10\n");
    EXPECT_EQ(machine.nearest(3, "0-2"), 2);
}

TEST(Topology, TakesAllNodesToHaveMemoryWhereTheKernelDoesNotSay) {
    Machine machine("no_memory_no_cpus");
    machine.remove("has_memory");
    EXPECT_TRUE(machine.has_memory_on("0-2"));
}

TEST(Topology, ReadsThisMachine) {
    int nodes = 0;
    EXPECT_TRUE(Topology().for_each_node([&](NodeId, const CpuSet&) { ++nodes; }));
    EXPECT_GT(nodes, 0);
}

}  // namespace
}  // namespace hugepage
