// What a number of sectors needs, on machines that are made up.
#include "tools/pool/plan.h"

#include "tests/unit/pool/machine.h"
#include "tools/common/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
        request.sector = k8GiB;
        request.sector_as_typed = "8GiB";
        request.parallel = 3;
        request.nodes = {NodeId{0}, NodeId{1}};
    }
    [[nodiscard]] Plan plan() const { return make_plan(request, machine); }
    Pages& pages(std::size_t node, ByteSize size) { return machine.nodes[node].pages[size == k2MiB ? 0 : 1]; }

    Machine machine;
    PlanRequest request;
};

TEST_F(PlanTest, DealsSectorsOut) {
    const Plan all = plan();
    EXPECT_EQ(all.page_size, k1GiB);
    EXPECT_EQ(all.nodes[0].sectors, 2);
    EXPECT_EQ(all.nodes[1].sectors, 1);
    EXPECT_EQ(all.nodes[0].pages, 32);
    EXPECT_TRUE(all.fits());
    request.per_node = true;
    EXPECT_EQ(plan().nodes[1].sectors, 3);
}

TEST_F(PlanTest, LeavesTheSystemWhatSetupLeavesIt) {
    request.parallel = 8;  // all of both nodes' memory
    EXPECT_FALSE(plan().fits());
    request.parallel = 7;
    request.nodes = {NodeId{0}};
    EXPECT_FALSE(plan().fits());
    request.parallel = 3;
    EXPECT_TRUE(plan().fits());
    EXPECT_EQ(plan().nodes[0].left.bytes, 16 * k1GiB.bytes);
}

TEST_F(PlanTest, CountsPagesOfOtherPrograms) {
    request.parallel = 6;  // 48 GiB of each node
    EXPECT_TRUE(plan().fits());
    pages(0, k2MiB) = {k2MiB, 8192, 0, 0};  // 16 GiB
    const Plan full = plan();
    EXPECT_FALSE(full.nodes[0].fits);
    EXPECT_EQ(full.nodes[0].taken.bytes, 16 * k1GiB.bytes);
    EXPECT_TRUE(full.nodes[1].fits);
    // Of the planned size, and free: files can have them.
    pages(0, k2MiB) = {k2MiB, 0, 0, 0};
    pages(0, k1GiB) = {k1GiB, 16, 16, 0};
    EXPECT_TRUE(plan().fits());
    EXPECT_THAT(kernel_command_line(plan(), machine), HasSubstr("hugepages=0:48,1:48"));
    // In use: the kernel's command line must reserve them too.
    pages(0, k1GiB).free = 12;
    EXPECT_THAT(kernel_command_line(plan(), machine), HasSubstr("hugepages=0:52,1:48"));
}

TEST_F(PlanTest, CountsPromisedPages) {
    request.parallel = 6;
    pages(0, k1GiB) = {k1GiB, 63, 63, 0};  // no memory for more
    EXPECT_TRUE(plan().fits());
    machine.promised = {{k1GiB, 16}};  // 15 idle ones keep 15 of them
    EXPECT_FALSE(plan().nodes[0].fits);
}

TEST_F(PlanTest, CountsFilesThatAreThere) {
    request.parallel = 6;
    pages(0, k1GiB) = {k1GiB, 48, 0, 0};
    EXPECT_FALSE(plan().fits());
    request.there = {{NodeId{0}, 6}};
    EXPECT_TRUE(plan().fits());
    EXPECT_EQ(plan().nodes[0].other, 0);
    EXPECT_EQ(plan().nodes[0].taken.bytes, 0);
}

TEST_F(PlanTest, KnowsTheParentsCache) {
    request.sector = {std::uint64_t{32} << 30};
    request.parallel = 1;
    EXPECT_EQ(plan().parents.bytes, 56 * k1GiB.bytes);  // 60 GB
    EXPECT_TRUE(plan().has_room_for_parents() || !plan().fits());
    request.sector = k8GiB;
    request.parallel = 7;
    EXPECT_TRUE(plan().has_room_for_parents());  // 14 GiB of what is left
    request.nodes = {NodeId{0}};
    request.parallel = 3;
    EXPECT_EQ(plan().nodes[0].left.bytes, 16 * k1GiB.bytes);
    EXPECT_TRUE(plan().has_room_for_parents());
    pages(0, k2MiB) = {k2MiB, 2048, 0, 0};
    EXPECT_FALSE(plan().has_room_for_parents());
}

TEST(SetupCommand, NamesAllThatSetupMustKnow) {
    EXPECT_EQ(
        setup_command({{NodeId{0}, 4}, {NodeId{1}, 0}, {NodeId{2}, 2}}, k8GiB, k2MiB, "--path /mnt/x",
                      "sealer"),
        "sudo hugepagectl setup --size 8GiB --node 0:4,2:2 --page-size 2MiB --path /mnt/x --user sealer");
}

// What is proposed is accepted.
TEST_F(PlanTest, ProposesASizeThatWouldBeAccepted) {
    const auto refusal = [&](const char* typed, std::optional<ByteSize> page_size) {
        request.sector_as_typed = typed;
        request.sector = *tools::parse_byte_size(typed);
        request.page_size = page_size;
        return refusal_of([&] { static_cast<void>(plan()); }).message;
    };
    EXPECT_THAT(refusal("32GB", std::nullopt), HasSubstr("did you mean 32GiB?"));
    EXPECT_THAT(refusal("32 gb", k1GiB), HasSubstr("did you mean 32GiB?"));
    EXPECT_THAT(refusal("1500MB", k1GiB), HasSubstr("did you mean 2GiB?"));
    EXPECT_THAT(refusal("3MiB", std::nullopt), HasSubstr("did you mean 4MiB?"));
    EXPECT_EQ(refusal("64GiB", std::nullopt), "");
    machine.page_sizes.clear();
    EXPECT_THAT(refusal("64GiB", std::nullopt), HasSubstr("this kernel has no huge pages"));
}

}  // namespace
}  // namespace ctl
