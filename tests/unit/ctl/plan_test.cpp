// What a number of sectors needs, on machines that are made up.
#include "tools/ctl/plan.h"

#include "tests/unit/pool/machine.h"
#include "tools/common/values.h"
#include "tools/pool/setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ctl {
namespace {

using pool::node_of_64_gib;
using testing::HasSubstr;

constexpr ByteSize k8GiB{std::uint64_t{8} << 30};

// Two nodes of 64 GiB.
struct PlanTest : testing::Test {
    PlanTest() {
        machine.page_sizes = {k2MiB, k1GiB};
        machine.nodes = {node_of_64_gib(0), node_of_64_gib(1)};
        request = pool::two_files_on_each_node();
        request.size = k8GiB;
        request.size_option = "--sector 8GiB";
        deal_out(3, request.shares);
    }
    [[nodiscard]] Json report(const std::vector<MemoryFile>& files = {}) const {
        auto facts = pool::mounted_machine(request, k1GiB);
        facts.machine = machine;
        facts.files = files;
        return plan_report(make_plan(request, facts, pool::Purpose::show), machine);
    }
    [[nodiscard]] bool fits() const { return report()["fits"] == true; }
    [[nodiscard]] Json node(std::size_t index) const { return report()["nodes"][index]; }
    [[nodiscard]] std::string kernel_command_line() const { return report()["kernel_command_line"]; }
    Pages& pages(std::size_t node, ByteSize size) { return machine.nodes[node].pages[size == k2MiB ? 0 : 1]; }

    Machine machine;
    pool::Request request;
};

TEST_F(PlanTest, DealsSectorsOut) {
    EXPECT_EQ(report()["page_bytes"], k1GiB.bytes);
    EXPECT_EQ(node(0)["sectors"], 2);
    EXPECT_EQ(node(1)["sectors"], 1);
    EXPECT_EQ(node(0)["pages"], 32);
    EXPECT_TRUE(fits());
    EXPECT_EQ(report()["setup_command"],
              "sudo hugepagectl setup --size 8GiB --node 0:4,1:2 --page-size 1GiB --path /mnt/huge/pc1");
    deal_out(1, request.shares);
    EXPECT_THAT(report()["setup_command"].get<std::string>(), HasSubstr("--node 0:2 ")) << "none on node 1";
}

TEST_F(PlanTest, LeavesTheSystemWhatSetupLeavesIt) {
    deal_out(8, request.shares);  // all of both nodes' memory
    EXPECT_FALSE(fits());
    deal_out(3, request.shares);
    EXPECT_TRUE(fits());
    EXPECT_EQ(node(0)["left_bytes"], 32 * k1GiB.bytes);
    EXPECT_EQ(node(1)["left_bytes"], 48 * k1GiB.bytes);
}

TEST_F(PlanTest, CountsPagesOfOtherPrograms) {
    deal_out(6, request.shares);  // 48 GiB of each node
    EXPECT_TRUE(fits());
    pages(0, k2MiB) = {k2MiB, 8192, 0, 0};  // 16 GiB
    EXPECT_EQ(node(0)["fits"], false);
    EXPECT_EQ(node(0)["other_bytes"], 16 * k1GiB.bytes);
    EXPECT_EQ(node(1)["fits"], true);
    // Of the planned size, and free: files can have them.
    pages(0, k2MiB) = {k2MiB, 0, 0, 0};
    pages(0, k1GiB) = {k1GiB, 16, 16, 0};
    EXPECT_TRUE(fits());
    EXPECT_THAT(kernel_command_line(), HasSubstr("hugepages=0:48,1:48"));
    // In use: the kernel's command line must reserve them too.
    pages(0, k1GiB).free = 12;
    EXPECT_THAT(kernel_command_line(), HasSubstr("hugepages=0:52,1:48"));
}

TEST_F(PlanTest, CountsPromisedPages) {
    deal_out(6, request.shares);
    pages(0, k1GiB) = {k1GiB, 63, 63, 0};  // no memory for more
    EXPECT_TRUE(fits());
    machine.promised = {{k1GiB, 16}};  // 15 idle ones keep 15 of them
    EXPECT_EQ(node(0)["fits"], false);
}

// As setup would keep them.
TEST_F(PlanTest, CountsFilesThatAreThere) {
    deal_out(6, request.shares);
    pages(0, k1GiB) = {k1GiB, 48, 0, 0};
    EXPECT_FALSE(fits());
    pool::Facts there;
    for (const std::string& path : pool::paths_of(k8GiB, 6, "/mnt/huge/pc1/numa_0")) {
        MemoryFile& file = pool::put_there(there, path);
        file.size = file.allocated = k8GiB;
        file.file_system.page_size = k1GiB;
    }
    EXPECT_EQ(report(there.files)["fits"], true);
    EXPECT_EQ(report(there.files)["nodes"][0]["other_bytes"], 0);
    there.files[0].refusal = hugepage::Refusal{hugepage::Reason::not_populated, "it has holes", 0};
    EXPECT_EQ(report(there.files)["fits"], true) << "setup makes it anew of the same pages";
    there.files[1].file_system.page_size = there.files[2].file_system.page_size = k2MiB;
    EXPECT_EQ(report(there.files)["fits"], false);
}

TEST_F(PlanTest, KnowsTheParentsCache) {
    request.size = {std::uint64_t{32} << 30};
    EXPECT_EQ(report()["parents_bytes"], 56 * k1GiB.bytes);  // 60 GB
    request.size = k8GiB;
    request.shares.pop_back();
    deal_out(3, request.shares);
    EXPECT_EQ(report()["has_room_for_parents"], true);  // 14 GiB of the 16 that are left
    pages(0, k2MiB) = {k2MiB, 2048, 0, 0};
    EXPECT_EQ(report()["has_room_for_parents"], false);
}

// What is proposed is accepted.
TEST_F(PlanTest, ProposesASizeThatWouldBeAccepted) {
    const auto refusal = [&](const std::string& typed, std::optional<ByteSize> page_size) {
        request.size_option = "--sector " + typed;
        request.size = *tools::parse_byte_size(typed);
        request.page_size = page_size;
        return pool::refusal_of([&] {
                   const auto facts = without_files(request, machine);
                   static_cast<void>(make_plan(request, facts, pool::Purpose::show));
               })
            .message;
    };
    EXPECT_THAT(refusal("32GB", std::nullopt), HasSubstr("did you mean 32GiB?"));
    EXPECT_THAT(refusal("32 gb", k1GiB), HasSubstr("did you mean 32GiB?"));
    EXPECT_THAT(refusal("1500MB", k1GiB), HasSubstr("did you mean 2GiB?"));
    EXPECT_THAT(refusal("3MiB", std::nullopt), HasSubstr("--sector: 3MiB is not a whole number"));
    EXPECT_EQ(refusal("64GiB", std::nullopt), "");
    EXPECT_THAT(refusal("4EiB", std::nullopt), HasSubstr("overflows"));
    machine.page_sizes.clear();
    EXPECT_THAT(refusal("64GiB", std::nullopt), HasSubstr("this kernel has no huge pages"));
}

// The line that systemctl status shows.
TEST(SetupStatus, SaysOfEachNodeHowManyFilesItHas) {
    pool::Plan plan;
    plan.request = pool::two_files_on_each_node();
    plan.nodes.resize(2);
    for (int i = 0; i < 2; ++i) {
        pool::NodePlan& node = plan.nodes[static_cast<std::size_t>(i)];
        node.node = NodeId{i};
        node.create = {"a", "b"};
        node.created = node.create;
    }
    EXPECT_EQ(pool::status_line(plan, false), "node 0: 2 of 2 files, node 1: 2 of 2 files");
    plan.nodes[0].keep = {"c"};
    plan.nodes[1].created = {};
    EXPECT_EQ(pool::status_line(plan, false), "degraded: node 0: 3 of 3 files, node 1: 0 of 2 files");
    plan.nodes.pop_back();
    EXPECT_EQ(pool::status_line(plan, true),
              "degraded: node 0: 3 of 3 files; their user would not be served");
}

}  // namespace
}  // namespace ctl
