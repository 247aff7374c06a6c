// A machine read from a folder, and which of its pages files can have.
#include "tools/pool/machine.h"

#include "tests/support/temp_dir.h"
#include "tools/common/failure.h"

#include <gtest/gtest.h>

namespace ctl {
namespace {

class MachineTest : public testing::Test {
  protected:
    void pages(const std::string& folder, int total, int free, int surplus) const {
        const std::string path = "sys/" + folder + "/hugepages-2048kB/";
        static_cast<void>(folder_.write(path + "nr_hugepages", std::to_string(total) + "\n"));
        static_cast<void>(folder_.write(path + "free_hugepages", std::to_string(free) + "\n"));
        static_cast<void>(folder_.write(path + "surplus_hugepages", std::to_string(surplus) + "\n"));
        static_cast<void>(folder_.write(path + "resv_hugepages", "5\n"));
    }
    [[nodiscard]] Machine read() const { return read_machine(Root::in(folder_.path().string())); }

    tests::TempDir folder_;
};

TEST_F(MachineTest, IsReadFromAFolder) {
    static_cast<void>(folder_.write("sys/devices/system/node/online", "0-1\n"));
    for (const std::string node : {"0", "1"}) {
        const std::string folder = "devices/system/node/node" + node;
        static_cast<void>(folder_.write("sys/" + folder + "/cpulist", node + "\n"));
        static_cast<void>(
            folder_.write("sys/" + folder + "/meminfo",
                          "Node " + node + " MemTotal:       131072 kB\nNode " + node + " MemFree:  5 kB\n"));
        pages(folder + "/hugepages", 20, 8, 3);
    }
    pages("kernel/mm/hugepages", 40, 16, 6);
    const Machine machine = read();
    ASSERT_EQ(machine.nodes.size(), 2);
    EXPECT_EQ(machine.nodes[1].memory.bytes, 128UL << 20);
    EXPECT_EQ(machine.nodes[1].pages_of(k2MiB).total, 20);
    EXPECT_EQ(machine.nodes[1].pages_of(k2MiB).surplus, 3);
    EXPECT_EQ(machine.promised.at(k2MiB), 5);
    // Beside the pages that are there, a part is left to the system.
    EXPECT_EQ(machine.nodes[0].memory_for_pages(), (128UL << 20) - (4UL << 20) - (40UL << 20));
}

TEST_F(MachineTest, WithoutNumaHasOneNode) {
    static_cast<void>(folder_.write("proc/meminfo", "MemTotal:       2048 kB\n"));
    pages("kernel/mm/hugepages", 40, 16, 0);
    const Machine machine = read();
    ASSERT_EQ(machine.nodes.size(), 1);
    EXPECT_EQ(machine.nodes[0].memory.bytes, 2UL << 20);
    EXPECT_EQ(machine.nodes[0].pages_of(k2MiB).free, 16);
}

TEST_F(MachineTest, ThatTellsNothingIsAFailure) {
    EXPECT_THROW(static_cast<void>(read()), tools::Failure);
}

TEST(FreeForFiles, LeavesEnoughForWhatIsPromised) {
    Machine machine;
    machine.nodes = {{NodeId{0}, {}, {}, {{k2MiB, 100, 40, 0}}}, {NodeId{1}, {}, {}, {{k2MiB, 100, 30, 0}}}};
    using Wanted = std::map<NodeId, std::uint64_t>;
    const auto free = [&](std::uint64_t promised, const Wanted& wanted) {
        return free_for_files(machine, k2MiB, promised, wanted);
    };
    EXPECT_EQ(free(0, {{NodeId{0}, 50}}), (Wanted{{NodeId{0}, 40}, {NodeId{1}, 0}}));
    // Idle pages of the other node keep the promise.
    EXPECT_EQ(free(30, {{NodeId{0}, 40}}).at(NodeId{0}), 40);
    EXPECT_EQ(free(35, {{NodeId{0}, 40}}).at(NodeId{0}), 35);
    // And those of this node.
    EXPECT_EQ(free(35, {{NodeId{0}, 38}}).at(NodeId{0}), 35);
}

}  // namespace
}  // namespace ctl
