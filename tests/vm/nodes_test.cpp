// Which node serves, where its pages are, and what is done when it has no file.

#include "tests/support/wait_until.h"
#include "tests/vm/vm.h"

#include <fcntl.h>
#include <numa.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>

namespace tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const Environment kInfo = {{"HUGEPAGE_LOG", "info"}};

using AnyMachine = Vm;   // 2 nodes or more, each with CPUs and memory
using FourNodes = Vm;    // 0 and 1 are close, so are 2 and 3; 1 is nearer to 2 than 0 is
using OddNodes = Vm;     // node 1 has no memory, node 2 no CPUs and is nearer to 1 than 0 is
using WithoutNuma = Vm;  // numa=off

TEST_F(AnyMachine, ServesEachThreadFromItsNode) {
    const int pages = is_small() ? 8 : 1;
    std::string expected;
    for (const int node : all_nodes()) {
        make_files(node, 2, static_cast<std::uint64_t>(pages));
        const std::string line = "node " + std::to_string(node) + ": " + file_on(node, pages);
        expected += line + line;
    }
    ChildProcess client(command("pinned", {}, {}, static_cast<std::uint64_t>(pages)), environment());
    ASSERT_TRUE(client.wait_for("holding"));
    EXPECT_EQ(client.out(), expected + "holding\n");

    // From outside: every mapping of a file lies on its folder's node alone.
    std::ifstream maps("/proc/" + std::to_string(client.pid()) + "/numa_maps");
    int seen = 0;
    for (std::string line; std::getline(maps, line);) {
        const auto folder = line.find("/pool/numa_");
        if (folder == std::string::npos) {
            continue;
        }
        ++seen;
        const int node = std::atoi(line.c_str() + folder + 11);
        EXPECT_THAT(line, HasSubstr(" N" + std::to_string(node) + "=" + std::to_string(pages)));
        for (const int other : all_nodes()) {
            if (other != node) {
                EXPECT_THAT(line, Not(HasSubstr(" N" + std::to_string(other) + "=")));
            }
        }
    }
    EXPECT_EQ(seen, 2 * static_cast<int>(all_nodes().size()));
    EXPECT_THAT(client.wait().err, IsEmpty());
}

TEST_F(AnyMachine, KeepsToTheNodeInARandomLife) {
    const bool small =
        is_small();  // gigabytes are not zeroed a thousand times, and only one size of them fits
    for (const int node : all_nodes()) {
        make_files(node, small ? 2 : 1, 1);
        if (small) {
            make_files(node, 2, 2);
        }
    }
    const auto seed = std::to_string(testing::UnitTest::GetInstance()->random_seed());
    const auto outcome =
        run(command("random", {small ? "2" : "1", small ? "2" : "1", "1000", seed}),
            environment({{"HUGEPAGE_ZERO", small ? "always" : "never"}, {"HUGEPAGE_LOG", "off"}}));
    EXPECT_THAT(outcome.out, HasSubstr(", wrong 0\n")) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, Not(HasSubstr("served 0,")));
    EXPECT_THAT(outcome.out, Not(HasSubstr("fallbacks 0,")));
}

TEST_F(AnyMachine, TakesTheNodeThatAReaderOfTheTableWouldExpect) {
    std::vector<std::string> any;
    for (const int node : all_nodes()) {
        make_files(node, 1);
        any.push_back(file_on(node));
    }
    const auto node_of = [&](const Environment& more, const std::vector<std::string>& before) {
        return take(1, more, before).out;
    };
    using Words = std::vector<std::string>;
    EXPECT_EQ(node_of({}, on_cpus_of(0)), file_on(0));
    EXPECT_EQ(node_of({}, on_cpus_of(1)), file_on(1));
    EXPECT_EQ(node_of({}, {"numactl", "--cpunodebind=1"}), file_on(1));
    EXPECT_EQ(node_of({}, {"numactl", "--membind=1"}), file_on(1));
    EXPECT_EQ(node_of({}, {"numactl", "--preferred=1"}), file_on(1));
    EXPECT_EQ(node_of({}, {"numactl", "--membind=1", "--cpunodebind=0"}), file_on(1));
    EXPECT_EQ(node_of({}, {"numactl", "--interleave=0,1", "--cpunodebind=1"}), file_on(1));
    EXPECT_EQ(node_of({}, {"numactl", "--membind=0,1", "--cpunodebind=1"}), file_on(1));
    EXPECT_EQ(node_of({}, {"numactl", "--localalloc", "--cpunodebind=1"}), file_on(1));
    const Environment variable = {{"HUGEPAGE_NODE", "1"}};
    EXPECT_EQ(node_of(variable, on_cpus_of(0)), file_on(1));
    EXPECT_EQ(node_of(variable, Words{"numactl", "--membind=0"}), file_on(1));
    // Not pinned: where it runs, which it says.
    const auto unpinned = take(1, kInfo);
    EXPECT_THAT(unpinned.out, testing::AnyOfArray(any));
    EXPECT_THAT(unpinned.err,
                HasSubstr("the thread is not pinned to one node: taking the one where it runs now"));
}

TEST_F(AnyMachine, HonoursACpuset) {
    make_files(0, 1);
    make_files(1, 1);
    const auto in_cpuset = [&](const std::string& settings) {
        return take(1, {},
                    {"/bin/sh", "-c",
                     "echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control; mkdir -p /sys/fs/cgroup/one; "
                     "cd /sys/fs/cgroup/one; echo $$ >cgroup.procs; " +
                         settings + "; exec \"$@\"",
                     "sh"})
            .out;
    };
    EXPECT_EQ(in_cpuset("echo 1 >cpuset.mems; echo >cpuset.cpus"), file_on(1));
    EXPECT_EQ(in_cpuset("echo 0 >cpuset.mems; echo " + cpus_of(1) + " >cpuset.cpus"), file_on(0));
    EXPECT_EQ(in_cpuset("echo 0-1 >cpuset.mems; echo " + cpus_of(1) + " >cpuset.cpus"), file_on(1));
    // Of what a cpuset forbids, nothing is given, even if it were nearest.
    std::filesystem::remove_all(folder_of(0));
    const auto dry = take(1, {{"HUGEPAGE_NODE_POLICY", "nearest"}},
                          {"/bin/sh", "-c",
                           "cd /sys/fs/cgroup/one; echo $$ >cgroup.procs; echo 0 >cpuset.mems; "
                           "echo >cpuset.cpus; exec \"$@\"",
                           "sh"});
    EXPECT_EQ(dry.out, "ordinary\n") << dry.err;
}

TEST_F(AnyMachine, NeverTakesAFileForAnotherNodesThanItsPagesAreOn) {
    make_files(1, 1);
    std::filesystem::rename(folder_of(1), folder_of(0));
    const auto outcome = take(2, {}, on_cpus_of(0));
    EXPECT_EQ(outcome.out, "ordinary\nordinary\n");
    EXPECT_THAT(outcome.err,
                HasSubstr("reason: misplaced; most of its pages are on another node than its folder "
                          "says; move it there or create it anew"));
    EXPECT_EQ(outcome.err.find("not using memory file"), outcome.err.rfind("not using memory file"));
    EXPECT_THAT(outcome.err, HasSubstr("falling back. memory_size: " + std::to_string(page_bytes()) +
                                       "; numa: 0; reason: misplaced"));
}

TEST_F(AnyMachine, UsesAFileWithSomePagesElsewhereAndSaysHowMany) {
    make_files(0, 1);
    const auto file = folder_of(0) / "partly";
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const std::size_t pages = is_small() ? 10 : 2;
    const std::size_t others = is_small() ? 4 : 2;  // one of so many is on the other node
    ASSERT_EQ(::ftruncate(fd, static_cast<off_t>(pages * page_bytes())), 0);
    auto* memory =
        static_cast<char*>(::mmap(nullptr, pages * page_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    ASSERT_NE(memory, MAP_FAILED);
    for (std::size_t page = 0; page < pages; ++page) {
        ::numa_tonode_memory(memory + page * page_bytes(), page_bytes(), page % others == others - 1 ? 1 : 0);
        memory[page * page_bytes()] = 1;
    }
    ::munmap(memory, pages * page_bytes());
    ::close(fd);
    const auto outcome = run(command("take", {"1"}, on_cpus_of(0), pages), environment());
    EXPECT_EQ(outcome.out, is_small() ? "file N0=8 N1=2\nholding\n" : "file N0=1 N1=1\nholding\n");
    EXPECT_THAT(outcome.err, HasSubstr(std::string(is_small() ? "2 of 10" : "1 of 2") +
                                       " pages looked at are not on numa: 0 but on others, as 1; used all "
                                       "the same: " +
                                       file.string()));
}

TEST_F(AnyMachine, FallsBackWithinTheNodeThatIsDry) {
    make_files(1, 1);
    make_files(0, 1);
    const auto outcome = take(2, {}, on_cpus_of(0));
    EXPECT_EQ(outcome.out, file_on(0) + "ordinary\n");
    EXPECT_THAT(outcome.err, HasSubstr("numa: 0; reason: all_leased"));
    std::filesystem::remove_all(folder_of(0));
    EXPECT_THAT(take(1, {}, on_cpus_of(0)).err, HasSubstr("numa: 0; reason: no_file_for_size"));
}

TEST_F(AnyMachine, GivesNoOtherMemoryWhereAFileOfTheNodeIsRequired) {
    make_files(1, 1);
    const auto outcome = take(1, {{"HUGEPAGE_MODE", "require"}}, on_cpus_of(0));
    EXPECT_EQ(outcome.out, "none: Cannot allocate memory\n");
}

TEST_F(AnyMachine, WaitsForAFileThatAnotherProcessHolds) {
    make_files(1, 1);
    ChildProcess owner(command("take", {"1"}, on_cpus_of(1)), environment());
    ASSERT_TRUE(owner.wait_for("holding"));
    const auto at_once = take(1, {{"HUGEPAGE_WAIT_MS", "50"}}, on_cpus_of(1));
    EXPECT_EQ(at_once.out, "ordinary\n");
    const TempDir folder;
    const auto log = folder.write("log", "");
    ChildProcess waiting(command("take", {"1"}, on_cpus_of(1)),
                         environment({{"HUGEPAGE_WAIT_MS", "600000"},
                                      {"HUGEPAGE_LOG", "debug"},
                                      {"HUGEPAGE_LOG_FILE", log.string()}}));
    const std::string found_leased = "leased by somebody else: ";
    ASSERT_TRUE(wait_until([&] { return read_file(log).find(found_leased) != std::string::npos; }));
    owner.close_stdin();
    EXPECT_TRUE(owner.wait().ok());
    ASSERT_TRUE(waiting.wait_for("holding"));
    EXPECT_EQ(waiting.out(), file_on(1) + "holding\n");
}

TEST_F(FourNodes, TakesTheNearerOfTwoOthersIfToldTo) {
    const Environment nearest = {{"HUGEPAGE_NODE_POLICY", "nearest"}, {"HUGEPAGE_LOG", "info"}};
    make_files(0, 1);
    make_files(1, 1);
    make_files(3, 1);
    const auto from_2 = take(4, nearest, on_cpus_of(2));
    EXPECT_EQ(from_2.out, file_on(3) + file_on(1) + file_on(0) + "ordinary\n");
    EXPECT_THAT(from_2.err, HasSubstr("numa wanted: 2, found: 3 (1 of 1 pages looked at)"));
    EXPECT_THAT(from_2.err, HasSubstr("numa: 2; reason: no_file_for_size"));
    const auto from_0 = take(2, nearest, on_cpus_of(0));
    EXPECT_EQ(from_0.out, file_on(0) + file_on(1));
    // Bound to some nodes, it is given no others.
    const auto bound = take(2, nearest, {"numactl", "--membind=0,2", "--cpunodebind=2"});
    EXPECT_EQ(bound.out, file_on(0) + "ordinary\n");
}

TEST_F(AnyMachine, SeesFilesThatCameLater) {
    make_files(0, 1);
    ChildProcess owner(command("take", {"1"}, on_cpus_of(0)), environment());
    ASSERT_TRUE(owner.wait_for("holding"));
    ChildProcess client(command("later", {}, on_cpus_of(0)), environment(kInfo));
    ASSERT_TRUE(client.wait_for("before: ordinary\n"));
    make_files(0, 2);
    client.close_stdin();
    const auto outcome = client.wait();
    EXPECT_THAT(outcome.out, HasSubstr("after: " + file_on(0))) << outcome.err;
}

TEST_F(AnyMachine, MakesTheBestOfOrdinaryMemory) {
    make_files(0, 1);
    ChildProcess owner(command("take", {"1"}, on_cpus_of(0)), environment());
    ASSERT_TRUE(owner.wait_for("holding"));
    const auto memory = [&](const Environment& more, const std::vector<std::string>& before,
                            const std::string& scenario = "policy") {
        return run(command(scenario, {}, before), environment(more)).out;
    };
    EXPECT_EQ(memory({}, on_cpus_of(0)), "prefer 0, huge pages wanted\n");
    EXPECT_EQ(memory({{"HUGEPAGE_NODE", "0"}}, on_cpus_of(1)), "prefer 0, huge pages wanted\n");
    EXPECT_EQ(memory({{"HUGEPAGE_FALLBACK", "plain"}}, on_cpus_of(0)), "default\n");
    // The thread's own policy stands, and is not the mapping's.
    EXPECT_EQ(memory({{"HUGEPAGE_NODE", "0"}}, {"numactl", "--membind=1"}), "default, huge pages wanted\n");
    EXPECT_EQ(memory({{"HUGEPAGE_NODE", "0"}}, {}, "interleaved"), "default, huge pages wanted\n");
}

TEST_F(OddNodes, ServesCpusWithoutMemoryFromTheNearestNodeThatHasSome) {
    make_files(0, 1);
    make_files(2, 1);
    EXPECT_EQ(take(1, {}, on_cpus_of(0)).out, file_on(0));
    EXPECT_EQ(take(1, {}, on_cpus_of(1)).out, file_on(2));
    EXPECT_EQ(take(1, {}, {"numactl", "--membind=2"}).out, file_on(2));
    EXPECT_EQ(take(1, {{"HUGEPAGE_NODE", "1"}}).out, "ordinary\n");
}

TEST_F(OddNodes, SeesCpusThatGoOffline) {
    make_files(0, 1);
    std::ofstream("/sys/devices/system/cpu/cpu1/online") << 0;
    ASSERT_EQ(read_file("/sys/devices/system/cpu/cpu1/online"), "0\n");
    EXPECT_EQ(take(1, {}, {"/bin/taskset", "-c", "0"}).out, file_on(0));
    std::ofstream("/sys/devices/system/cpu/cpu1/online") << 1;
}

TEST_F(WithoutNuma, ServesFromTheOnlyNode) {
    make_files(0, 1);
    const auto outcome = take(1, kInfo);
    EXPECT_EQ(outcome.out, file_on(0));
    EXPECT_THAT(outcome.err, Not(HasSubstr("not pinned")));
    EXPECT_THAT(outcome.err, HasSubstr("numa wanted: 0, found: 0 (1 of 1 pages looked at)"));
}

}  // namespace
}  // namespace tests
