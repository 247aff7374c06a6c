#include "tests/unit/pool/machine.h"
#include "tools/pool/setup.h"

#include <gmock/gmock.h>

namespace pool {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using tools::ExitCode;

constexpr std::uint64_t kFile = 512;  // pages of 2 MiB in each

TEST(SetupPlan, MountsReservesAndCreatesOnABareMachine) {
    const auto request = two_files_on_each_node();
    const auto plan = make_plan(request, bare_machine(request), Purpose::set_up);
    EXPECT_EQ(plan.page_size, k2MiB);
    EXPECT_EQ(plan.mount, "/mnt/huge/pc1");
    EXPECT_THAT(plan.folders, ElementsAre("/mnt/huge", "/mnt/huge/pc1"));
    ASSERT_EQ(plan.nodes.size(), 2);
    for (const NodePlan& node : plan.nodes) {
        EXPECT_EQ(node.create.size(), 2);
        EXPECT_EQ(node.grow, 2 * kFile);
        EXPECT_EQ(node.possible, 2);
    }
    EXPECT_EQ(plan.nodes[1].create[0], "/mnt/huge/pc1/numa_1/1.0_GiB_0");
    EXPECT_FALSE(plan.changes_nothing());
}

TEST(SetupPlan, ReservesOnlyWhatIsNotFree) {
    const auto request = two_files_on_each_node();
    auto facts = bare_machine(request);
    pages_on(facts, 0, k2MiB) = {k2MiB, 1000, 700, 0};
    pages_on(facts, 1, k2MiB) = {k2MiB, 5000, 5000, 0};
    const auto plan = make_plan(request, facts, Purpose::set_up);
    EXPECT_EQ(plan.nodes[0].grow, 2 * kFile - 700);
    EXPECT_EQ(plan.nodes[1].grow, 0);
}

TEST(SetupPlan, WritesACountWithoutTheSurplus) {
    const auto request = two_files_on_each_node();
    auto facts = bare_machine(request);
    pages_on(facts, 0, k2MiB) = {k2MiB, 100, 0, 40};
    const auto plan = make_plan(request, facts, Purpose::set_up);
    EXPECT_EQ(plan.nodes[0].reserved, 60);
    EXPECT_THAT(commands_of(plan)[3], HasSubstr("echo 1084 > "));
}

TEST(SetupPlan, LaysInForPagesPromisedToOthers) {
    auto request = two_files_on_each_node();
    auto facts = bare_machine(request);
    for (const std::size_t node : {0U, 1U}) {
        pages_on(facts, node, k2MiB) = {k2MiB, 2 * kFile, 2 * kFile, 0};
    }
    facts.machine.promised = {{k2MiB, 300}, {k1GiB, 0}};
    const auto plan = make_plan(request, facts, Purpose::set_up);
    EXPECT_EQ(plan.nodes[0].grow + plan.nodes[1].grow, 300);

    // Pages that no file is to have keep the promise.
    pages_on(facts, 1, k2MiB) = {k2MiB, 2 * kFile + 300, 2 * kFile + 300, 0};
    const auto idle = make_plan(request, facts, Purpose::set_up);
    EXPECT_EQ(idle.nodes[0].grow + idle.nodes[1].grow, 0);

    // As far as they go.
    pages_on(facts, 1, k2MiB) = {k2MiB, 2 * kFile + 299, 2 * kFile + 299, 0};
    const auto short_of_one = make_plan(request, facts, Purpose::set_up);
    EXPECT_EQ(short_of_one.nodes[0].grow + short_of_one.nodes[1].grow, 1);
}

TEST(SetupPlan, RemovesAndMakesAnewWhatBelongsToAnotherUser) {
    auto request = two_files_on_each_node();
    request.shares = {{NodeId{0}, 2}};
    auto facts = mounted_machine(request, k2MiB);
    put_there(facts, "/mnt/huge/pc1/numa_0/1.0_GiB_0").owner = 7;
    put_there(facts, "/mnt/huge/pc1/numa_0/1.0_GiB_1").refusal =
        hugepage::Refusal{hugepage::Reason::insecure, "everybody may open it", 0};
    EXPECT_EQ(make_plan(request, facts, Purpose::set_up).nodes[0].replace.size(), 1)
        << "the one that is for others";
    request.owner = 8;
    const auto plan = make_plan(request, facts, Purpose::set_up);
    EXPECT_EQ(plan.nodes[0].replace.size(), 2);
    EXPECT_EQ(plan.nodes[0].create.size(), 2);
    EXPECT_EQ(plan.nodes[0].grow, 0) << "the removed files' pages do";
}

TEST(SetupPlan, RemovesAndMakesAnewWhatIsWrong) {
    auto request = two_files_on_each_node();
    request.shares = {{NodeId{0}, 2}};
    auto facts = mounted_machine(request, k2MiB);
    put_there(facts, "/mnt/huge/pc1/numa_0/1.0_GiB_0").placement->elsewhere = 1;
    put_there(facts, "/mnt/huge/pc1/numa_0/1.0_GiB_1").size = {};
    const auto refusal = [&] {
        return refusal_of([&] { static_cast<void>(make_plan(request, facts, Purpose::set_up)); });
    };
    EXPECT_EQ(refusal().code, ExitCode::done);
    const auto plan = make_plan(request, facts, Purpose::set_up);
    EXPECT_EQ(plan.nodes[0].replace.size(), 2);
    EXPECT_EQ(plan.nodes[0].grow, 1) << "for the page that was on another node";
    facts.files[0].pages_error = EPERM;  // it isn't known to be wrong
    facts.files[0].placement.reset();
    EXPECT_THAT(refusal().message, HasSubstr("can't be kept: its pages could not be looked at"));
    facts.files[0].type = S_IFLNK;
    facts.files[0].refusal = hugepage::Refusal{hugepage::Reason::insecure, "it is a symbolic link", 0};
    EXPECT_THAT(refusal().message, HasSubstr("can't be kept: it is a symbolic link"));
}

TEST(SetupPlan, GivesNewFilesToWhomThePoolBelongs) {
    auto request = two_files_on_each_node();
    auto facts = mounted_machine(request, k2MiB);
    const std::pair<uid_t, gid_t> owners[] = {{0, 0}, {12349, 9}, {12345, 8}, {12345, 8}};
    for (const auto& [owner, group] : owners) {
        MemoryFile& file = put_there(facts, "/mnt/huge/pc1/numa_0/other");
        file.owner = owner;
        file.group = group;
    }
    const auto command = [&] { return commands_of(make_plan(request, facts, Purpose::set_up)).back(); };
    EXPECT_THAT(command(), HasSubstr("--user 12345 --group 8"))
        << "as status judges: of most that aren't root's";
    request.owner = 12345;
    EXPECT_THAT(command(), HasSubstr("--user 12345 --group 8"));
    request.owner.reset();
    request.group = 5;
    EXPECT_THAT(command(), HasSubstr("--user 12345 --group 5")) << "another group is not another user";
    request.owner = 12346;
    request.group.reset();
    EXPECT_THAT(command(), AllOf(HasSubstr("--user 12346"), Not(HasSubstr("--group"))));
}

TEST(SetupPlan, MakesOnlyTheFilesThatAreMissing) {
    const auto request = two_files_on_each_node();
    auto facts = mounted_machine(request, k2MiB);
    put_there(facts, "/mnt/huge/pc1/numa_0/1.0_GiB_0");
    const auto plan = make_plan(request, facts, Purpose::set_up);
    EXPECT_THAT(plan.mount, IsEmpty());
    EXPECT_THAT(plan.nodes[0].keep, ElementsAre("/mnt/huge/pc1/numa_0/1.0_GiB_0"));
    EXPECT_THAT(plan.nodes[0].create, ElementsAre("/mnt/huge/pc1/numa_0/1.0_GiB_1"));
    EXPECT_EQ(plan.nodes[0].grow, kFile);
}

TEST(SetupPlan, ChangesNothingWhereAllIsThere) {
    const auto request = two_files_on_each_node();
    auto facts = mounted_machine(request, k2MiB);
    for (const int node : {0, 1}) {
        for (const std::string& path :
             paths_of(k1GiB, 2, facts.nodes.at(static_cast<std::size_t>(node)).folder)) {
            put_there(facts, path, node);
        }
    }
    const auto plan = make_plan(request, facts, Purpose::set_up);
    EXPECT_TRUE(plan.changes_nothing());
    EXPECT_THAT(commands_of(plan), IsEmpty());
}

TEST(SetupPlan, TakesLargePagesOnlyIfAllAreFree) {
    const auto request = two_files_on_each_node();
    auto facts = bare_machine(request);
    pages_on(facts, 0, k1GiB) = {k1GiB, 2, 2, 0};
    pages_on(facts, 1, k1GiB) = {k1GiB, 2, 1, 0};
    EXPECT_EQ(make_plan(request, facts, Purpose::set_up).page_size, k2MiB);
    pages_on(facts, 1, k1GiB).free = 2;
    EXPECT_EQ(make_plan(request, facts, Purpose::set_up).page_size, k1GiB);
    facts.machine.promised = {{k2MiB, 0}, {k1GiB, 1}};
    EXPECT_EQ(make_plan(request, facts, Purpose::set_up).page_size, k2MiB);
}

TEST(SetupPlan, RefusesAnotherPageSizeThanTheOneMounted) {
    auto request = two_files_on_each_node();
    auto facts = mounted_machine(request, k1GiB);
    EXPECT_EQ(make_plan(request, facts, Purpose::set_up).page_size, k1GiB);
    request.page_size = k2MiB;
    const auto refusal = [&] {
        return refusal_of([&] { static_cast<void>(make_plan(request, facts, Purpose::set_up)); });
    };
    EXPECT_EQ(refusal().code, ExitCode::usage);
    EXPECT_THAT(refusal().message, HasSubstr("pages of 1 GiB, not 2 MiB"));
    EXPECT_THAT(refusal().message, Not(HasSubstr("remove"))) << "which unmounts only what setup has mounted";
    facts.nodes[0].mount->source = kMountSource;
    EXPECT_THAT(refusal().message, HasSubstr("type: sudo hugepagectl remove"));
}

TEST(SetupPlan, RefusesToHideWhatIsInTheFolder) {
    const auto request = two_files_on_each_node();
    auto facts = bare_machine(request);
    facts.place_is_empty = false;
    const auto refusal = refusal_of([&] { static_cast<void>(make_plan(request, facts, Purpose::set_up)); });
    EXPECT_EQ(refusal.code, ExitCode::usage);
    EXPECT_THAT(refusal.message, HasSubstr("would hide"));
}

// The record could not be written, so pages and files would stay that remove doesn't know.
TEST(SetupPlan, RefusesAFolderThatTheRecordCannotName) {
    auto request = two_files_on_each_node();
    request.pattern = *hugepage::FilePattern::in_folder("/mnt/huge/caf\xe9");
    const auto refusal_for = [&](Purpose purpose) {
        const auto facts = mounted_machine(request, k2MiB);
        return refusal_of([&] { static_cast<void>(make_plan(request, facts, purpose)); });
    };
    EXPECT_EQ(refusal_for(Purpose::set_up).code, ExitCode::usage);
    EXPECT_THAT(refusal_for(Purpose::set_up).message,
                HasSubstr("--path $'/mnt/huge/caf\\xe9': setup's record"));
    EXPECT_EQ(refusal_for(Purpose::show).code, ExitCode::done);
}

TEST(SetupPlan, TriesForNoMoreThanTheNodeHasRoomFor) {
    auto request = two_files_on_each_node();
    request.shares = {{NodeId{0}, 3}};
    request.size = {30 * k1GiB.bytes};
    auto facts = bare_machine(request);
    const auto plan = make_plan(request, facts, Purpose::set_up);
    EXPECT_EQ(plan.nodes[0].possible, 2);
    EXPECT_EQ(plan.nodes[0].grow, 60 * kFile);
    EXPECT_EQ(plan.nodes[0].missing_pages, 90 * kFile);
    request.size = {100 * k1GiB.bytes};
    EXPECT_EQ(make_plan(request, facts, Purpose::set_up).nodes[0].grow, 0);
}

TEST(SetupPlan, NeedsNoNuma) {
    auto request = two_files_on_each_node();
    request.shares = {{NodeId{0}, 2}};
    auto facts = bare_machine(request);
    facts.machine.nodes.pop_back();
    const auto plan = make_plan(request, facts, Purpose::set_up);
    EXPECT_EQ(plan.nodes[0].grow, 2 * kFile);
    EXPECT_EQ(kernel_command_line(plan, facts.machine), "hugepagesz=2M hugepages=1024");
}

TEST(SetupPlan, SaysForBootWhatIsThereAndWhatIsMissing) {
    const auto request = two_files_on_each_node();
    auto facts = bare_machine(request);
    pages_on(facts, 0, k2MiB) = {k2MiB, 100, 30, 10};
    const auto plan = make_plan(request, facts, Purpose::set_up);
    EXPECT_EQ(kernel_command_line(plan, facts.machine), "hugepagesz=2M hugepages=0:1084,1:1024");
}

}  // namespace
}  // namespace pool
