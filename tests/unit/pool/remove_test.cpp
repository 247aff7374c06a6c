#include "tools/pool/remove.h"

#include "tests/unit/pool/machine.h"

#include <gmock/gmock.h>

namespace pool {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

constexpr ByteSize kSize{8UL << 20};

MemoryFile file_on(int node, const std::string& folder = "/mnt/a", ByteSize size = kSize) {
    MemoryFile file;
    file.path = folder + "/numa_" + std::to_string(node) + "/f";
    file.node = NodeId{node};
    file.size = size;
    file.file_system = {hugepage::FileSystem::Kind::hugetlbfs, k2MiB};
    return file;
}

Record record_of_two_nodes() {
    Record record;
    record.pages = {{NodeId{0}, k2MiB, 4, {}}, {NodeId{1}, k2MiB, 4, {}}};
    record.mounts = {"/mnt/a"};
    record.folders = {"/mnt/a", "/mnt/a/numa_0", "/mnt/a/numa_1"};
    record.files = {{file_on(0).path, NodeId{0}}, {file_on(1).path, NodeId{1}}};
    return record;
}

// Of 10 pages that setup has added on node 0.
std::uint64_t given_of_ten(std::uint64_t free, std::uint64_t promised) {
    FakeKernel kernel;
    kernel.of(NodeId{0}, k2MiB) = {k2MiB, 100, free, 0};
    kernel.promised = promised;
    Record record;
    record.pages = {{NodeId{0}, k2MiB, 10, {}}};
    return plan_removal({}, record, {}, kernel.control()).pages[0].give;
}

TEST(RemovePlan, GivesBackPagesThatWereAddedAndAreFree) {
    EXPECT_EQ(given_of_ten(50, 0), 10);
    EXPECT_EQ(given_of_ten(3, 0), 3);
    EXPECT_EQ(given_of_ten(50, 46), 4) << "the others are promised";
}

TEST(RemovePlan, TakesAllThatTheRecordNames) {
    FakeKernel kernel;
    for (const int node : {0, 1}) {
        kernel.of(NodeId{node}, k2MiB) = {k2MiB, 30, 6, 0};
    }
    const auto record = record_of_two_nodes();
    const auto plan = plan_removal({}, record, {file_on(0), file_on(1)}, kernel.control());
    EXPECT_EQ(plan.files.size(), 2);
    EXPECT_THAT(commands_of(plan, record),
                ElementsAre("rm /mnt/a/numa_0/f", "rm /mnt/a/numa_1/f", StartsWith("echo 26 > /sys/"),
                            StartsWith("echo 26 > /sys/"), "rmdir /mnt/a/numa_1", "rmdir /mnt/a/numa_0",
                            "umount /mnt/a", "rmdir /mnt/a", "rm -r /run/hugepage-shim"));
}

TEST(RemovePlan, LeavesWhatIsHeld) {
    FakeKernel kernel;
    kernel.of(NodeId{0}, k2MiB) = {k2MiB, 30, 20, 0};
    auto record = record_of_two_nodes();
    record.pages.pop_back();
    record.files.pop_back();
    auto held = file_on(0);
    held.holders.emplace_back().has_locked = true;
    const auto plan = plan_removal({}, record, {held}, kernel.control());
    EXPECT_THAT(plan.files, IsEmpty());
    EXPECT_EQ(plan.busy.size(), 1);
}

TEST(RemovePlan, KeepsToNodesSizesAndPlaces) {
    FakeKernel kernel;
    const auto record = record_of_two_nodes();
    RemoveRequest request;
    request.nodes = hugepage::parse_node_list("1");
    auto plan = plan_removal(request, record, {file_on(0), file_on(1)}, kernel.control());
    ASSERT_EQ(plan.files.size(), 1);
    EXPECT_EQ(plan.files[0].node, NodeId{1});
    ASSERT_EQ(plan.pages.size(), 1);
    EXPECT_EQ(plan.pages[0].node, NodeId{1});

    request = {};
    request.size = k1GiB;
    plan = plan_removal(request, record, {file_on(0), file_on(1, "/mnt/a", k1GiB)}, kernel.control());
    ASSERT_EQ(plan.files.size(), 1);
    EXPECT_EQ(plan.files[0].size, k1GiB);

    request = {};
    request.pattern = hugepage::FilePattern::in_folder("/mnt/ab");
    plan = plan_removal(request, record, {file_on(0, "/mnt/ab")}, kernel.control());
    EXPECT_THAT(plan.mounts, IsEmpty());
    EXPECT_THAT(plan.folders, IsEmpty());
}

TEST(RemovePlan, TakesTheLastFilesOfEachNode) {
    FakeKernel kernel;
    std::vector<MemoryFile> files;
    for (const char* number : {"0", "9", "10"}) {
        files.push_back(file_on(0));
        files.back().path += number;
    }
    files.push_back(file_on(1));
    RemoveRequest request;
    request.count = 2;
    const auto plan = plan_removal(request, {}, files, kernel.control());
    ASSERT_EQ(plan.files.size(), 3);
    EXPECT_THAT(commands_of(plan, {}),
                ElementsAre("rm /mnt/a/numa_1/f", "rm /mnt/a/numa_0/f9", "rm /mnt/a/numa_0/f10"));
}

TEST(RemovePlan, RefusesAChoiceOfNothing) {
    FakeKernel kernel;
    const auto record = record_of_two_nodes();
    RemoveRequest request;
    request.pattern = hugepage::FilePattern::in_folder("/mnt/ab");
    const auto refusal_of_plan = [&](std::vector<MemoryFile> files) {
        return refusal_of([&] { static_cast<void>(plan_removal(request, record, files, kernel.control())); });
    };
    EXPECT_EQ(refusal_of_plan({}).code, tools::ExitCode::failed);
    request = {};
    request.size = k1GiB;
    EXPECT_EQ(refusal_of_plan({file_on(0)}).code, tools::ExitCode::failed);
    request = {};
    EXPECT_EQ(refusal_of_plan({}).code, tools::ExitCode::done) << "all that is left is nothing";
}

TEST(Removal, EndsAsWhatIsLeftSays) {
    Removal removed;
    EXPECT_EQ(exit_code_of(removed), tools::ExitCode::done);
    removed.pages = {{NodeId{0}, k2MiB, 9, 4, 4, 10}};
    EXPECT_EQ(exit_code_of(removed), tools::ExitCode::done) << "the others are of files that are to stay";
    removed.pages = {{NodeId{0}, k2MiB, 4, 4, 3, 10}};
    EXPECT_EQ(exit_code_of(removed), tools::ExitCode::partial);
    removed.busy = {file_on(0)};
    EXPECT_EQ(exit_code_of(removed), tools::ExitCode::busy);
}

}  // namespace
}  // namespace pool
