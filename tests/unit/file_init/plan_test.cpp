// The plan: what is created, what is kept, and what makes it refuse.
#include "tools/file_init/plan.h"

#include "tests/unit/file_init/machine.h"

#include <gmock/gmock.h>

#include <array>

namespace file_init {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kFirst = "/mnt/huge/numa_0/1.0_GiB_0";
const std::string kSecond = "/mnt/huge/numa_0/1.0_GiB_1";

class PlanTest : public testing::Test {
  protected:
    Refusal refusal() {
        return refusal_of([&] { static_cast<void>(make_plan(request_, facts_)); });
    }
    Plan plan() { return make_plan(request_, facts_); }

    Request request_ = two_files_of_a_gib();
    Facts facts_ = empty_folder(request_);
};

TEST_F(PlanTest, CreatesAllFilesInAnEmptyFolder) {
    EXPECT_THAT(plan().create, ElementsAre(kFirst, kSecond));
    EXPECT_THAT(plan().keep, IsEmpty());
}

TEST_F(PlanTest, KeepsFilesThatAreRightAndCreatesTheRest) {
    facts_.files[0] = right_file(kFirst, 1);
    EXPECT_THAT(plan().create, ElementsAre(kSecond));
    EXPECT_THAT(plan().keep, ElementsAre(kFirst));
}

TEST_F(PlanTest, NeedsNeitherPagesNorPermissionWhenAllFilesAreRight) {
    facts_.files = {right_file(kFirst, 1), right_file(kSecond, 2)};
    facts_.node_pages.free = 0;
    facts_.machine_pages.free = 0;
    facts_.folder.write_error = EACCES;
    EXPECT_THAT(plan().keep, ElementsAre(kFirst, kSecond));
}

TEST_F(PlanTest, RefusesAFileOfAnotherSizeAndNamesBothSizes) {
    facts_.files[1] = right_file(kSecond, 1);
    facts_.files[1].size = kPage;
    const auto refused = refusal();
    EXPECT_EQ(refused.code, tools::ExitCode::failed);
    EXPECT_EQ(refused.message,
              kSecond +
                  " is in the way: its size is 2.0 MiB (2097152 bytes), not 1.0 GiB; nothing was "
                  "created; if nothing uses it, type: sudo rm " +
                  kSecond);
}

TEST_F(PlanTest, RefusesWhatIsNoRegularFile) {
    facts_.files[0].kind = FileFacts::Kind::link;
    EXPECT_THAT(refusal().message, HasSubstr("it is a symbolic link"));
    facts_.files[0].kind = FileFacts::Kind::other;
    EXPECT_THAT(refusal().message, HasSubstr("it is no regular file"));
}

TEST_F(PlanTest, DoesNotAdviseToRemoveAFolder) {
    facts_.files[0].kind = FileFacts::Kind::folder;
    EXPECT_THAT(refusal().message, HasSubstr("it is a folder"));
    EXPECT_THAT(refusal().message, Not(HasSubstr("rm ")));
}

TEST_F(PlanTest, RefusesAFileWithHoles) {
    facts_.files[0] = right_file(kFirst, 1);
    facts_.files[0].allocated = kPage;
    facts_.files[0].placement.reset();
    EXPECT_THAT(refusal().message, HasSubstr("it has holes: 2.0 MiB of 1.0 GiB are allocated"));
}

TEST_F(PlanTest, RefusesAFileWithASinglePageOnAnotherNode) {
    facts_.files[0] = right_file(kFirst, 1);
    facts_.files[0].placement->elsewhere = 1;
    facts_.files[0].placement->other = NodeId{1};
    EXPECT_THAT(refusal().message, HasSubstr("1 of its 512 pages are not on node 0 but, for one, on node 1"));
}

TEST_F(PlanTest, RefusesAFileWhosePagesCannotBeRead) {
    facts_.files[0] = right_file(kFirst, 1);
    facts_.files[0].placement.reset();
    facts_.files[0].pages_error = EHWPOISON;
    EXPECT_THAT(refusal().message, HasSubstr("its pages cannot be read"));
}

TEST_F(PlanTest, TakesAnyOwnerAndModeUnlessAskedFor) {
    facts_.files[0] = right_file(kFirst, 1);
    facts_.files[0].owner = 7;
    facts_.files[0].mode = 0640;
    EXPECT_THAT(plan().keep, ElementsAre(kFirst));
}

TEST_F(PlanTest, AdvisesToHandOverWhatIsRightButForItsOwnerAndMode) {
    facts_.files[0] = right_file(kFirst, 1);
    request_.owner = 7;
    request_.group = 8;
    request_.mode = 0640;
    EXPECT_EQ(refusal().message,
              kFirst +
                  " is in the way: it belongs to user 0, not 7; nothing was created; type: sudo "
                  "chown 7:8 " +
                  kFirst + " && sudo chmod 0640 " + kFirst);
}

TEST_F(PlanTest, RefusesTwoNamesOfOneFile) {
    facts_.files = {right_file(kFirst, 1), right_file(kSecond, 1)};
    EXPECT_THAT(refusal().message, HasSubstr(kSecond + " is in the way: it is a second name"));
}

TEST_F(PlanTest, SaysNoPermissionIfAFileCannotBeLookedAt) {
    facts_.files[0].kind = FileFacts::Kind::regular;
    facts_.files[0].error = EACCES;
    EXPECT_EQ(refusal().code, tools::ExitCode::no_permission);
}

TEST_F(PlanTest, SaysNoPermissionIfTheFolderCannotBeWrittenTo) {
    facts_.folder.write_error = EACCES;
    EXPECT_EQ(refusal().code, tools::ExitCode::no_permission);
    facts_.folder.write_error = EROFS;
    EXPECT_EQ(refusal().code, tools::ExitCode::no_permission);
    EXPECT_THAT(refusal().message, HasSubstr("mount -o remount,rw /mnt/huge"));
}

TEST_F(PlanTest, RefusesAFolderThatIsNotOnHugetlbfs) {
    facts_.folder.file_system.kind = hugepage::FileSystem::Kind::other;
    facts_.folder.existing = "/mnt";
    facts_.folder.mount = tools::Mount{1, "/", "ext4", "rw"};
    facts_.page_sizes = {{kPage, 100}, {kGiB, 1}};
    facts_.can_mount_at_pattern = true;
    EXPECT_EQ(refusal().message,
              "create files in /mnt/huge/numa_0: /mnt is on ext4, not on hugetlbfs; type: sudo mkdir -p "
              "/mnt/huge && "
              "sudo mount -t hugetlbfs -o pagesize=1G none /mnt/huge");
    EXPECT_EQ(refusal().code, tools::ExitCode::failed);
}

TEST_F(PlanTest, AdvisesNoMountThatWouldHideSomething) {
    facts_.folder.file_system.kind = hugepage::FileSystem::Kind::other;
    request_.pattern = *hugepage::FilePattern::in_folder("/home");
    EXPECT_THAT(refusal().message, HasSubstr("none /mnt/huge, and use a path in /mnt/huge"));
}

TEST_F(PlanTest, SuggestsTheBinaryUnitForADecimalSize) {
    request_.size = ByteSize{32'000'000'000};
    request_.size_as_typed = "32GB";
    const auto refused = refusal();
    EXPECT_EQ(refused.code, tools::ExitCode::usage);
    EXPECT_THAT(refused.message, HasSubstr("did you mean 32GiB? the nearest would be 30516MiB or 30518MiB."));
}

TEST_F(PlanTest, NamesTheNearestSizesForOneThatIsNoWholeNumberOfPages) {
    request_.size = ByteSize{3 << 20};
    request_.size_as_typed = "3MiB";
    EXPECT_THAT(refusal().message,
                HasSubstr("pages that are mounted there; the nearest would be 2MiB or 4MiB."));
    request_.size = ByteSize{1};
    request_.size_as_typed = "1";
    EXPECT_THAT(refusal().message, HasSubstr("the nearest would be 2MiB."));
}

TEST_F(PlanTest, SaysWhatToTypeWhenTheNodeLacksPages) {
    facts_.node_pages = {.total = 600, .free = 524, .reserved = 0};
    const auto refused = refusal();
    EXPECT_EQ(refused.code, tools::ExitCode::failed);
    EXPECT_THAT(
        refused.message,
        HasSubstr("create 2 files of 1.0 GiB on node 0: 1024 pages of 2 MiB needed, 524 available; type: "
                  "echo 1100 | sudo tee "
                  "/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages"));
}

TEST_F(PlanTest, IsContentWithExactlyAsManyPagesAsItNeeds) {
    facts_.node_pages.free = 1024;
    EXPECT_THAT(plan().create, ElementsAre(kFirst, kSecond));
    facts_.node_pages.free = 1023;
    EXPECT_EQ(refusal().code, tools::ExitCode::failed);
}

TEST_F(PlanTest, NeedsNoPagesForFilesThatItKeeps) {
    facts_.files[0] = right_file(kFirst, 1);
    facts_.node_pages.free = 512;
    EXPECT_THAT(plan().create, ElementsAre(kSecond));
}

TEST_F(PlanTest, LeavesPagesThatArePromisedToOthers) {
    facts_.machine_pages = {.total = 2000, .free = 1500, .reserved = 1000};
    EXPECT_THAT(refusal().message,
                HasSubstr("500 available (1500 are free, but 1000 of the 1500 free on the machine "
                          "are promised to others); type: echo 2524 |"));
}

TEST_F(PlanTest, CountsPagesThatItsOwnMountHoldsBackAsAvailable) {
    facts_.machine_pages = {.total = 2000, .free = 1500, .reserved = 1500};
    facts_.folder.mount->options = "rw,pagesize=2M,min_size=1G";
    EXPECT_THAT(plan().create, ElementsAre(kFirst, kSecond));
}

TEST_F(PlanTest, KeepsWithinTheLimitOfTheMount) {
    facts_.folder.mount_pages = 1000;
    EXPECT_THAT(refusal().message, HasSubstr("the mount at /mnt/huge has only 1000 left of its limit"));
}

TEST(FileNames, AreTheSizeInBinaryUnitsAndANumber) {
    Request request = two_files_of_a_gib();
    request.size = ByteSize{32 * kGiB.bytes};
    EXPECT_THAT(paths_of(request, "/p/numa_0"), ElementsAre("/p/numa_0/32.0_GiB_0", "/p/numa_0/32.0_GiB_1"));
}

class NodeTest : public testing::Test {
  protected:
    Request request_ = two_files_of_a_gib();
    std::array<NodeId, 1> one_{NodeId{4}};
    std::array<NodeId, 2> two_{NodeId{0}, NodeId{2}};
};

TEST_F(NodeTest, MayBeLeftOutWhereThereIsOnlyOne) {
    request_.node.reset();
    EXPECT_EQ(choose_node(request_, one_), NodeId{4});
}

TEST_F(NodeTest, MustBeGivenWhereThereAreSeveral) {
    request_.node.reset();
    const auto refused = refusal_of([&] { static_cast<void>(choose_node(request_, two_)); });
    EXPECT_EQ(refused.code, tools::ExitCode::usage);
    EXPECT_EQ(refused.message, "--node is needed: this machine has the nodes 0, 2.");
}

TEST_F(NodeTest, MustExist) {
    request_.node = NodeId{1};
    const auto refused = refusal_of([&] { static_cast<void>(choose_node(request_, two_)); });
    EXPECT_EQ(refused.code, tools::ExitCode::usage);
    EXPECT_EQ(refused.message, "--node: there is no node 1 on this machine, only 0, 2.");
}

}  // namespace
}  // namespace file_init
