// CPUs chosen on machines that hwloc makes up from a line of text, and on this one. Threads are bound in
// child processes only.
#include "tools/pc1/cores.h"

#include <gmock/gmock.h>
#include <hwloc.h>

#include <optional>
#include <stdexcept>
#include <string>

namespace pc1 {
namespace {

// As one line: "0-3 (4) on node 0 sharing L3".
std::string text_of(const std::optional<CpuChoice>& choice) {
    if (!choice) {
        return "nothing";
    }
    const std::string node = choice->node ? " on node " + std::to_string(*choice->node) : " on no node";
    const std::string sharing = choice->cache.empty() ? "" : " sharing " + choice->cache;
    return choice->cpus + " (" + std::to_string(choice->count) + ")" + node + sharing;
}

// Described as hwloc does it: levels from the top down, each with the number of children of the one above;
// the CPUs are numbered from 0 in the order of the tree, or as `indexes` says.
class Machine {
  public:
    explicit Machine(const char* description) {
        hwloc_topology_init(&topology_);
        if (hwloc_topology_set_synthetic(topology_, description) != 0 ||
            hwloc_topology_load(topology_) != 0) {
            throw std::invalid_argument(description);
        }
    }
    ~Machine() { hwloc_topology_destroy(topology_); }
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    // Only this node is left; the CPUs of the others stay.
    void keep_memory_of(unsigned node) {
        hwloc_bitmap_t nodes = hwloc_bitmap_alloc();
        hwloc_bitmap_only(nodes, node);
        hwloc_topology_restrict(topology_, nodes, HWLOC_RESTRICT_FLAG_BYNODESET);
        hwloc_bitmap_free(nodes);
    }

    [[nodiscard]] std::string choose(const char* allowed, int current_cpu, unsigned threads) const {
        hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
        hwloc_bitmap_list_sscanf(cpus, allowed);
        const auto choice = choose_cpus(topology_, cpus, current_cpu, threads);
        hwloc_bitmap_free(cpus);
        return text_of(choice);
    }

  private:
    hwloc_topology_t topology_ = nullptr;
};

TEST(ChooseCpus, StaysBelowTheCacheOfTheCpuItStartsFrom) {
    const Machine machine("pack:2 [numa] l3:2 core:4 pu:1");
    EXPECT_EQ(machine.choose("0-15", 0, 3), "0-3 (4) on node 0 sharing L3");
    EXPECT_EQ(machine.choose("0-15", 6, 4), "4-7 (4) on node 0 sharing L3");
    EXPECT_EQ(machine.choose("0-15", 9, 1), "8-11 (4) on node 1 sharing L3");
}

TEST(ChooseCpus, TakesOneHardwareThreadOfEachCoreIfThoseAreEnough) {
    const Machine machine("numa:1 l3:2 core:4 pu:2");
    EXPECT_EQ(machine.choose("0-15", 0, 4), "0,2,4,6 (4) on node 0 sharing L3");
    EXPECT_EQ(machine.choose("0-15", 10, 2), "8,10,12,14 (4) on node 0 sharing L3");
}

TEST(ChooseCpus, KeepsTheHardwareThreadItRunsOn) {
    const Machine machine("numa:1 l3:2 core:4 pu:2");
    EXPECT_EQ(machine.choose("0-15", 3, 2), "0,3-4,6 (4) on node 0 sharing L3");
}

TEST(ChooseCpus, TakesASecondHardwareThreadWhereTheFirstIsNotAllowed) {
    const Machine machine("numa:1 l3:2 core:4 pu:2");
    EXPECT_EQ(machine.choose("1,3-7", 4, 2), "1,3-4,6 (4) on node 0 sharing L3");
}

TEST(ChooseCpus, TakesTheWholeNodeIfTheCacheHasFewerCoresThanThreads) {
    const Machine machine("pack:2 [numa] l3:2 core:4 pu:2");
    EXPECT_EQ(machine.choose("0-31", 19, 5), "16,19-20,22,24,26,28,30 (8) on node 1");
    EXPECT_EQ(machine.choose("0-4,8-31", 0, 4), "0,2,4,8,10,12,14 (7) on node 0");
}

TEST(ChooseCpus, LetsThreadsShareCoresRatherThanLeaveTheNode) {
    const Machine machine("pack:2 [numa] l3:1 core:2 pu:2");
    EXPECT_EQ(machine.choose("0-7", 5, 3), "4-7 (4) on node 1 sharing L3");
    EXPECT_EQ(machine.choose("0-7", 5, 100), "4-7 (4) on node 1 sharing L3");
}

TEST(ChooseCpus, NeverTakesACpuThatIsNotAllowed) {
    const Machine machine("pack:2 [numa] l3:2 core:4 pu:1");
    EXPECT_EQ(machine.choose("2-5,10-11", 2, 2), "2-3 (2) on node 0 sharing L3");
    EXPECT_EQ(machine.choose("2-5,10-11", 2, 3), "2-5 (4) on node 0");
    EXPECT_EQ(machine.choose("2-5,10-11", 11, 3), "10-11 (2) on node 1 sharing L3");
    EXPECT_EQ(machine.choose("7", 7, 4), "7 (1) on node 0 sharing L3");
}

TEST(ChooseCpus, SaysThatACacheIsSharedAlsoIfTheWholeNodeWasAskedFor) {
    const Machine machine("pack:2 [numa] l3:2 core:4 pu:1");
    EXPECT_EQ(machine.choose("0-1,8-15", 0, 3), "0-1 (2) on node 0 sharing L3");
}

TEST(ChooseCpus, StartsFromTheFirstAllowedCpuIfItRunsOnNone) {
    const Machine machine("pack:2 [numa] l3:1 core:4 pu:1");
    for (const int cpu : {-1, 0, 4096}) {
        EXPECT_EQ(machine.choose("5-7", cpu, 2), "5-7 (3) on node 1 sharing L3") << cpu;
    }
}

TEST(ChooseCpus, ChoosesNothingIfTheMachineHasNoneOfTheAllowedCpus) {
    const Machine machine("numa:1 l3:1 core:4 pu:1");
    EXPECT_EQ(machine.choose("4-7", 4, 2), "nothing");
    EXPECT_EQ(machine.choose("", 0, 2), "nothing");
    EXPECT_EQ(machine.choose("2-7", 4, 2), "2-3 (2) on node 0 sharing L3");
}

TEST(ChooseCpus, GoesByTheLargestCacheWhereThereIsNoL3) {
    const Machine machine("numa:1 l2:2 l1:2 core:1 pu:1");
    EXPECT_EQ(machine.choose("0-3", 2, 2), "2-3 (2) on node 0 sharing L2");
    EXPECT_EQ(machine.choose("0-3", 2, 3), "0-3 (4) on node 0");
}

TEST(ChooseCpus, GoesByL3WhereThereIsAnL4) {
    const Machine machine("numa:1 l4:1 l3:2 core:2 pu:1");
    EXPECT_EQ(machine.choose("0-3", 0, 2), "0-1 (2) on node 0 sharing L3");
}

TEST(ChooseCpus, TakesTheNodeWhereNoCacheIsKnown) {
    EXPECT_EQ(Machine("pack:2 [numa] core:4 pu:2").choose("0-15", 9, 4), "9-10,12,14 (4) on node 1");
    EXPECT_EQ(Machine("numa:1 pu:4").choose("1-3", 2, 2), "1-3 (3) on node 0");
}

TEST(ChooseCpus, CountsEachCpuAsACoreWhereNoCoreIsKnown) {
    const Machine machine("numa:1 l3:2 pu:4");
    EXPECT_EQ(machine.choose("0-7", 5, 4), "4-7 (4) on node 0 sharing L3");
    EXPECT_EQ(machine.choose("0-7", 5, 5), "0-7 (8) on node 0");
}

TEST(ChooseCpus, StaysOnTheNodeWhereNodesShareACache) {
    const Machine machine("pack:1 l3:1 group:2 [numa] core:4 pu:1");
    EXPECT_EQ(machine.choose("0-7", 6, 3), "4-7 (4) on node 1 sharing L3");
    EXPECT_EQ(machine.choose("0-7", 6, 8), "4-7 (4) on node 1 sharing L3");
}

TEST(ChooseCpus, TakesTheClosestOfSeveralMemoriesAndOfThoseTheFirst) {
    const Machine machine("[numa] pack:2 [numa] [numa] core:2 pu:1");
    EXPECT_EQ(machine.choose("0-3", 0, 4), "0-1 (2) on node 0");
    EXPECT_EQ(machine.choose("0-3", 3, 4), "2-3 (2) on node 2");
}

TEST(ChooseCpus, GoesByTheCacheAloneWhereNoNodeIsKnown) {
    Machine machine("pack:2 [numa] l3:1 core:4 pu:1");
    machine.keep_memory_of(1);
    EXPECT_EQ(machine.choose("0-7", 0, 3), "0-3 (4) on no node sharing L3");
    EXPECT_EQ(machine.choose("0-7", 0, 5), "0-7 (8) on no node");
    EXPECT_EQ(machine.choose("0-7", 4, 5), "4-7 (4) on node 1 sharing L3");
}

// As Linux mostly does it: first the first hardware threads of all cores, then the second ones.
TEST(ChooseCpus, NumbersCpusAndNodesAsTheKernelDoes) {
    const Machine machine("pack:2 [numa(indexes=3,8)] l3:1 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)");
    EXPECT_EQ(machine.choose("0-7", 5, 2), "0,5 (2) on node 3 sharing L3");
    EXPECT_EQ(machine.choose("0-7", 2, 2), "2-3 (2) on node 8 sharing L3");
    EXPECT_EQ(machine.choose("0-7", 2, 3), "2-3,6-7 (4) on node 8 sharing L3");
    EXPECT_EQ(machine.choose("4-7", 6, 2), "6-7 (2) on node 8 sharing L3");
}

}  // namespace
}  // namespace pc1
