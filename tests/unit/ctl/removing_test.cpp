#include "tools/ctl/setup/removing.h"

#include "tests/unit/ctl/setup_machine.h"

#include <gmock/gmock.h>

namespace ctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr ByteSize kSize{8UL << 20};

PoolFile file_on(int node, const std::string& folder = "/mnt/a", ByteSize size = kSize) {
    return {{folder + "/numa_" + std::to_string(node) + "/f", NodeId{node}, size, k2MiB}, 1, 1, {}};
}

Record record_of_two_nodes() {
    Record record;
    record.pages = {{NodeId{0}, k2MiB, 4, {}}, {NodeId{1}, k2MiB, 4, {}}};
    record.mounts = {{"/mnt/a", k2MiB}};
    record.folders = {"/mnt/a", "/mnt/a/numa_0", "/mnt/a/numa_1"};
    record.files = {file_on(0).file, file_on(1).file};
    return record;
}

TEST(PagesToGive, AreThoseThatWereAddedAndAreFree) {
    EXPECT_EQ(pages_to_give(10, 0, 50, 50), 10);
    EXPECT_EQ(pages_to_give(10, 0, 3, 50), 3);
    EXPECT_EQ(pages_to_give(10, 0, 50, 4), 4) << "the others are promised";
    EXPECT_EQ(pages_to_give(10, 6, 50, 50), 4) << "the free ones are others'";
    EXPECT_EQ(pages_to_give(10, 60, 50, 50), 0);
}

TEST(RemovePlan, TakesAllThatTheRecordNames) {
    FakeKernel kernel;
    for (const int node : {0, 1}) {
        kernel.of(NodeId{node}, k2MiB) = {k2MiB, 30, 6, 0};
    }
    const auto plan = make_remove_plan({}, record_of_two_nodes(), {file_on(0), file_on(1)}, kernel.control());
    EXPECT_EQ(plan.files.size(), 2);
    EXPECT_THAT(commands_of(plan, "/nowhere"),
                ElementsAre("rm /mnt/a/numa_0/f", "rm /mnt/a/numa_1/f",
                            "echo 26 > /nowhere/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
                            "echo 26 > /nowhere/devices/system/node/node1/hugepages/hugepages-2048kB/"
                            "nr_hugepages",
                            "rmdir /mnt/a/numa_1", "rmdir /mnt/a/numa_0", "umount /mnt/a", "rmdir /mnt/a",
                            "rm -r /run/hugepage-shim"));
}

TEST(RemovePlan, LeavesWhatIsHeld) {
    FakeKernel kernel;
    kernel.of(NodeId{0}, k2MiB) = {k2MiB, 30, 20, 0};
    auto record = record_of_two_nodes();
    record.pages.pop_back();
    record.files.pop_back();
    auto held = file_on(0);
    held.holders = {{12, "sealer", 0}};
    const auto plan = make_remove_plan({}, record, {held}, kernel.control());
    EXPECT_THAT(plan.files, IsEmpty());
    EXPECT_EQ(plan.busy.size(), 1);
}

TEST(RemovePlan, KeepsToNodesSizesAndPlaces) {
    FakeKernel kernel;
    const auto record = record_of_two_nodes();
    RemoveRequest request;
    request.nodes = {NodeId{1}};
    auto plan = make_remove_plan(request, record, {file_on(0), file_on(1)}, kernel.control());
    ASSERT_EQ(plan.files.size(), 1);
    EXPECT_EQ(plan.files[0].file.node, NodeId{1});
    ASSERT_EQ(plan.pages.size(), 1);
    EXPECT_EQ(plan.pages[0].node, NodeId{1});

    request = {};
    request.size = k1GiB;
    plan = make_remove_plan(request, record, {file_on(0), file_on(1, "/mnt/a", k1GiB)}, kernel.control());
    ASSERT_EQ(plan.files.size(), 1);
    EXPECT_EQ(plan.files[0].file.size, k1GiB);

    request = {};
    request.pattern = hugepage::FilePattern::in_folder("/mnt/ab");
    request.place = "/mnt/ab";
    plan = make_remove_plan(request, record, {file_on(0, "/mnt/ab")}, kernel.control());
    EXPECT_THAT(plan.mounts, IsEmpty());
    EXPECT_THAT(plan.folders, IsEmpty());
}

TEST(RemoveReport, EndsAsWhatIsLeftSays) {
    RemoveReport report;
    EXPECT_EQ(report.exit_code(), tools::ExitCode::done);
    EXPECT_TRUE(report.is_empty());
    report.pages = {{NodeId{0}, k2MiB, 4, 3, 10}};
    EXPECT_EQ(report.exit_code(), tools::ExitCode::partial);
    report.busy = {file_on(0)};
    EXPECT_EQ(report.exit_code(), tools::ExitCode::busy);
}

}  // namespace
}  // namespace ctl
