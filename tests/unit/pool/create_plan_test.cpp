// A plan that only creates files: what is created, what is kept, and what makes it refuse.
#include "tests/unit/pool/machine.h"
#include "tools/pool/plan.h"

#include <gmock/gmock.h>

#include <array>

namespace pool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kFirst = "/mnt/huge/pc1/numa_0/1.0_GiB_0";
const std::string kSecond = "/mnt/huge/pc1/numa_0/1.0_GiB_1";

Request two_files_on_node_0() {
    Request request = two_files_on_each_node();
    request.shares = {{NodeId{0}, 2}};
    return request;
}

// With enough pages, and its folder there.
Facts machine_of(const Request& request) {
    Facts facts = mounted_machine(request, k2MiB);
    facts.nodes[0].missing = {};
    facts.nodes[0].existing = facts.nodes[0].folder;
    pages_on(facts, 0, k2MiB) = {k2MiB, 2000, 1500, 0};
    return facts;
}

class PlanTest : public testing::Test {
  protected:
    Refusal refusal() {
        return refusal_of([&] { static_cast<void>(make_plan(request_, facts_, Purpose::create_only)); });
    }
    MemoryFile& file(const std::string& path = kFirst) { return put_there(facts_, path); }
    NodePlan plan() { return make_plan(request_, facts_, Purpose::create_only).nodes[0]; }

    Request request_ = two_files_on_node_0();
    Facts facts_ = machine_of(request_);
    NodeFacts& node_ = facts_.nodes[0];
    Pages& pages_ = pages_on(facts_, 0, k2MiB);
};

TEST_F(PlanTest, CreatesAllFilesInAnEmptyFolder) {
    EXPECT_THAT(plan().create, ElementsAre(kFirst, kSecond));
    EXPECT_THAT(plan().keep, IsEmpty());
}

TEST_F(PlanTest, KeepsFilesThatAreRightAndCreatesTheRest) {
    file();
    EXPECT_THAT(plan().create, ElementsAre(kSecond));
    EXPECT_THAT(plan().keep, ElementsAre(kFirst));
}

TEST_F(PlanTest, NeedsNeitherPagesNorPermissionWhenAllFilesAreRight) {
    file(kFirst);
    file(kSecond);
    pages_.free = 0;
    node_.write_error = EACCES;
    EXPECT_THAT(plan().keep, ElementsAre(kFirst, kSecond));
}

TEST_F(PlanTest, RefusesAFileOfAnotherSizeAndNamesBothSizes) {
    file(kSecond).size = k2MiB;
    const auto refused = refusal();
    EXPECT_EQ(refused.code, tools::ExitCode::failed);
    EXPECT_EQ(refused.message, kSecond +
                                   " can't be kept: its size is 2MiB, not 1GiB; nothing was changed; if "
                                   "nothing uses it, type: sudo rm " +
                                   kSecond);
}

// What the judge finds is said.
TEST_F(PlanTest, RefusesWhatTheShimWouldRefuse) {
    MemoryFile& wrong = file();
    wrong.refusal = hugepage::Refusal{hugepage::Reason::not_populated, "it has holes", 0};
    EXPECT_THAT(refusal().message, HasSubstr(kFirst + " can't be kept: it has holes; nothing was changed"));
    wrong.refusal.reset();
    wrong.pages_error = EHWPOISON;
    EXPECT_THAT(refusal().message, HasSubstr("a page's memory is damaged"));
}

TEST_F(PlanTest, DoesNotAdviseToRemoveAFolder) {
    MemoryFile& folder = file();
    folder.type = S_IFDIR;
    folder.refusal = hugepage::Refusal{hugepage::Reason::insecure, "it is a folder", 0};
    EXPECT_THAT(refusal().message, HasSubstr("it is a folder"));
    EXPECT_THAT(refusal().message, Not(HasSubstr("rm ")));
}

TEST_F(PlanTest, RefusesAFileWithASinglePageOnAnotherNode) {
    MemoryFile& wrong = file();
    wrong.placement->elsewhere = 1;
    wrong.placement->other = NodeId{1};
    EXPECT_THAT(refusal().message, HasSubstr("1 of 512 pages seen are not on node 0; some are on node 1"));
}

TEST_F(PlanTest, TakesAnyOwnerAndModeUnlessAskedFor) {
    file().owner = 7;
    facts_.files[0].mode = 0640;
    EXPECT_THAT(plan().keep, ElementsAre(kFirst));
}

// Whoever gets a file gets what is in it.
TEST_F(PlanTest, AdvisesToRemoveWhatBelongsToAnotherUser) {
    file();
    request_.owner = 7;
    EXPECT_EQ(refusal().message,
              kFirst +
                  " can't be kept: it belongs to user 0, not 7; nothing was changed; if nothing "
                  "uses it, type: sudo rm " +
                  kFirst);
    request_.owner = 0;
    request_.mode = 0640;
    EXPECT_THAT(refusal().message, HasSubstr("its mode is 0600, not 0640"));
}

TEST_F(PlanTest, SaysNoPermissionIfTheFolderCannotBeWrittenTo) {
    node_.write_error = EACCES;
    EXPECT_EQ(refusal().code, tools::ExitCode::no_permission);
    node_.write_error = EROFS;
    EXPECT_EQ(refusal().code, tools::ExitCode::no_permission);
    EXPECT_THAT(refusal().message, HasSubstr("mount -o remount,rw /mnt/huge"));
}

TEST_F(PlanTest, RefusesAFolderThatIsNotOnHugetlbfs) {
    node_.file_system.kind = hugepage::FileSystem::Kind::other;
    node_.existing = "/mnt";
    node_.mount = tools::Mount{1, "/", "ext4", "rw"};
    EXPECT_EQ(refusal().message,
              "create files in /mnt/huge/pc1/numa_0: /mnt is on ext4, not on hugetlbfs; type: sudo "
              "hugepagectl setup --size 1GiB --node 0:2 --path /mnt/huge/pc1");
    EXPECT_EQ(refusal().code, tools::ExitCode::failed);
    facts_.place_is_empty = false;
    EXPECT_THAT(refusal().message, HasSubstr("isn't empty, so use another folder"));
}

TEST_F(PlanTest, ProposesASizeForOneThatIsNoWholeNumberOfPages) {
    request_.size = ByteSize{3 << 20};
    request_.size_option = "--size 3MiB";
    EXPECT_EQ(refusal().code, tools::ExitCode::usage);
    EXPECT_THAT(refusal().message, HasSubstr("number of pages of 2 MiB; did you mean 4MiB?"));
    request_.size = ByteSize{1};
    request_.size_option = "--size 1";
    EXPECT_THAT(refusal().message, HasSubstr("did you mean 2MiB?"));
}

TEST_F(PlanTest, SaysWhatToTypeWhenTheNodeLacksPages) {
    pages_ = {k2MiB, 600, 524, 0};
    const auto refused = refusal();
    EXPECT_EQ(refused.code, tools::ExitCode::failed);
    EXPECT_THAT(
        refused.message,
        HasSubstr(
            "create 2 files of 1.0 GiB on node 0: 1024 pages of 2 MiB needed, 524 available; type: sudo "
            "hugepagectl setup --size 1GiB --node 0:2 --page-size 2MiB --path /mnt/huge/pc1"));
}

TEST_F(PlanTest, IsContentWithExactlyAsManyPagesAsItNeeds) {
    pages_.free = 1024;
    EXPECT_THAT(plan().create, ElementsAre(kFirst, kSecond));
    pages_.free = 1023;
    EXPECT_EQ(refusal().code, tools::ExitCode::failed);
}

TEST_F(PlanTest, NeedsNoPagesForFilesThatItKeeps) {
    file();
    pages_.free = 512;
    EXPECT_THAT(plan().create, ElementsAre(kSecond));
}

TEST_F(PlanTest, LeavesPagesThatArePromisedToOthers) {
    facts_.machine.promised = {{k2MiB, 1000}};
    EXPECT_THAT(refusal().message,
                HasSubstr("500 available (1500 are free, but 1000 on the machine are promised to others)"));
}

TEST_F(PlanTest, CountsPagesThatItsOwnMountHoldsBackAsAvailable) {
    facts_.machine.promised = {{k2MiB, 1500}};
    node_.mount->options = "rw,pagesize=2M,min_size=1G";
    EXPECT_THAT(plan().create, ElementsAre(kFirst, kSecond));
}

TEST_F(PlanTest, KeepsWithinTheLimitOfTheMount) {
    node_.mount_pages = 1000;
    EXPECT_THAT(refusal().message, HasSubstr("the mount at /mnt/huge/pc1 has only 1000 left of its limit"));
}

TEST_F(PlanTest, KeepsWithinTheMountsLimitOfFiles) {
    node_.mount_files = 1;
    EXPECT_THAT(refusal().message,
                HasSubstr("2 files and folders needed, but the mount at /mnt/huge/pc1 has only 1 left"));
}

}  // namespace
}  // namespace pool
