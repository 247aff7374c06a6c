// Threads really bound, on this machine: in child processes, so that the test's own thread stays as it is.
#include "tools/pc1/cores.h"

#include <gmock/gmock.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace pc1 {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

// What `code` returns in a process of its own.
std::string in_child(const std::function<std::string()>& code) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) {
        return "no pipe";
    }
    const pid_t child = ::fork();
    if (child == 0) {
        const auto run = [&]() noexcept { return code(); };  // no exception gets back into the tests
        const std::string text = run();
        ::_exit(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
    }
    ::close(ends[1]);
    std::string text;
    std::array<char, 256> buffer{};
    for (ssize_t got = 0; (got = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? text : "child failed after: " + text;
}

// That the calling thread may use, in the kernel's words.
std::string allowed_cpus() {
    const std::string name = "Cpus_allowed_list:\t";
    std::ifstream status("/proc/thread-self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(name)) {
            return line.substr(name.size());
        }
    }
    return "unknown";
}

std::string allowed_cpus_of_a_new_thread() {
    std::string cpus;
    std::thread([&cpus] { cpus = allowed_cpus(); }).join();
    return cpus;
}

std::vector<int> usable_cpus() {
    cpu_set_t set;
    std::vector<int> cpus;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) {
                cpus.push_back(cpu);
            }
        }
    }
    return cpus;
}

// Binds, then compares what was said with what the kernel says of this thread and of a later one: "0-3" if
// all say that, else all three.
std::string bind_and_compare(unsigned threads) {
    const BindOutcome outcome = bind_to_shared_cache(threads);
    const std::string said = outcome.bound ? outcome.bound->cpus : "not bound: " + outcome.reason;
    const std::string own = allowed_cpus();
    const std::string inherited = allowed_cpus_of_a_new_thread();
    return said == own && own == inherited ? said : said + " / " + own + " / " + inherited;
}

TEST(BindToSharedCache, BindsTheThreadAndThoseThatItStarts) {
    const std::vector<int> cpus = usable_cpus();
    if (cpus.size() < 2) {
        GTEST_SKIP() << "needs two CPUs";
    }
    const std::string first = std::to_string(cpus[0]);
    const std::string second = std::to_string(cpus[1]);
    const std::string bound_to = in_child([&] {
        // hwloc is told to take each for a node, and to believe it.
        const std::string machine = "pack:2 [numa] l3:1 core:1 pu:1(indexes=" + first + "," + second + ")";
        ::setenv("HWLOC_SYNTHETIC", machine.c_str(), 1);
        ::setenv("HWLOC_THISSYSTEM", "1", 1);
        return bind_and_compare(2);
    });
    EXPECT_THAT(bound_to, AnyOf(first, second));
}

TEST(BindToSharedCache, DoesOnThisMachineWhatItSays) {
    EXPECT_THAT(in_child([] { return bind_and_compare(2); }), MatchesRegex("[0-9,-]+"));
}

TEST(BindToSharedCache, StaysOnTheOneCpuThatItMayUse) {
    const std::vector<int> cpus = usable_cpus();
    ASSERT_FALSE(cpus.empty());
    for (const int cpu : cpus) {
        const std::string bound_to = in_child([cpu] {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(static_cast<std::size_t>(cpu), &one);
            return sched_setaffinity(0, sizeof one, &one) == 0 ? bind_and_compare(4) : "cannot narrow";
        });
        EXPECT_EQ(bound_to, std::to_string(cpu));
    }
}

TEST(BindToSharedCache, RefusesTheDescriptionOfAnotherMachine) {
    const std::string before = allowed_cpus();
    const std::string outcome = in_child([] {
        ::setenv("HWLOC_SYNTHETIC", "numa:1 l3:1 core:1 pu:1", 1);
        return bind_to_shared_cache(1).reason + "; " + allowed_cpus();
    });
    EXPECT_EQ(outcome,
              "reading the machine's topology: hwloc was told to describe another machine; " + before);
}

TEST(BindToSharedCache, SaysWhyIfTheMachineCannotBeRead) {
    const std::string before = allowed_cpus();
    const std::string outcome = in_child([] {
        ::setenv("HWLOC_COMPONENTS", "stop", 1);
        return bind_to_shared_cache(1).reason + "; " + allowed_cpus();
    });
    EXPECT_THAT(outcome, AllOf(StartsWith("reading the machine's topology: "), HasSubstr("; " + before)));
}

// Has the kernel answer EPERM to this thread from now on, if it can be had to.
bool refuse_binding() {
    std::array<sock_filter, 4> program{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_setaffinity, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog filter{.len = program.size(), .filter = program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST(BindToSharedCache, SaysWhyIfTheKernelRefuses) {
    const std::string outcome = in_child(
        [] { return refuse_binding() ? bind_to_shared_cache(1).reason : std::string("no seccomp"); });
    if (outcome == "no seccomp") {
        GTEST_SKIP() << "needs a kernel with seccomp filters";
    }
    EXPECT_THAT(outcome, AllOf(StartsWith("binding to the CPUs "), HasSubstr(": Operation not permitted")));
}

}  // namespace
}  // namespace pc1
