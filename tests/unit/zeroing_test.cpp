#include "shim/request/zeroing.h"

#include <gtest/gtest.h>

#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>
#include <vector>

namespace hugepage {
namespace {

class Memory {
  public:
    explicit Memory(std::size_t length) : length_(length) {
        begin_ = static_cast<char*>(
            ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        std::memset(begin_, 0xa5, length);
    }
    ~Memory() { ::munmap(begin_, length_); }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    [[nodiscard]] char* begin() const { return begin_; }
    [[nodiscard]] bool is_zero(std::size_t from, std::size_t to) const {
        return std::all_of(begin_ + from, begin_ + to, [](char byte) { return byte == 0; });
    }

  private:
    char* begin_;
    std::size_t length_;
};

std::ptrdiff_t threads_of_this_process() {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
}

CpuSet allowed_cpus() {
    CpuSet cpus;
    ::sched_getaffinity(0, CpuSet::kBytes, reinterpret_cast<cpu_set_t*>(cpus.data()));
    return cpus;
}

TEST(Zeroing, WritesEveryByteOfItsRangeAndNoOther) {
    constexpr std::size_t kLength = (40UL << 20) + 4096;
    for (const int helpers : {0, 1, 3, 16}) {
        const Memory memory(kLength + 8192);
        EXPECT_EQ(zero_memory(memory.begin() + 4096, kLength, {helpers, allowed_cpus()}), helpers);
        EXPECT_TRUE(memory.is_zero(4096, 4096 + kLength)) << helpers;
        EXPECT_EQ(memory.begin()[4095], static_cast<char>(0xa5));
        EXPECT_EQ(memory.begin()[4096 + kLength], static_cast<char>(0xa5));
    }
}

TEST(Zeroing, LeavesNoThreadBehind) {
    const Memory memory(64UL << 20);
    const auto before = threads_of_this_process();
    for (int round = 0; round < 50; ++round) {
        EXPECT_EQ(zero_memory(memory.begin(), 64UL << 20, {8, {}}), 8);
    }
    // A thread that is joined may be listed for a moment more.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (threads_of_this_process() != before && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::yield();
    }
    EXPECT_EQ(threads_of_this_process(), before);
}

TEST(Zeroing, ChoosesHelpersByCpusAndWork) {
    const Memory memory(256UL << 20);
    CpuSet one;
    one.insert(CpuId{0});
    CpuSet many = *parse_cpu_list("0-63");
    EXPECT_EQ(zero_memory(memory.begin(), 256UL << 20, {std::nullopt, one}), 0);
    EXPECT_EQ(zero_memory(memory.begin(), 1UL << 20, {std::nullopt, many}), 0);
    EXPECT_GT(zero_memory(memory.begin(), 256UL << 20, {std::nullopt, many}), 1);
    EXPECT_LE(zero_memory(memory.begin(), 256UL << 20, {std::nullopt, many}), kMostHelpers);
}

TEST(Zeroing, IsDoneByTheCallerAloneWhenTheKernelGivesNoThreads) {
    const Memory memory(64UL << 20);
    const pid_t child = ::fork();
    if (child == 0) {
        // Of somebody who may have no process more; root is not counted.
        const rlimit none{0, 0};
        const bool limited =
            (::geteuid() != 0 || ::setuid(65534) == 0) && ::setrlimit(RLIMIT_NPROC, &none) == 0;
        const int helped = zero_memory(memory.begin(), 64UL << 20, {4, {}});
        ::_exit(limited && helped == 0 && memory.is_zero(0, 64UL << 20) ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(Zeroing, KeepsTheCallersAffinityAndSignalMask) {
    const Memory memory(64UL << 20);
    cpu_set_t cpus_before;
    sigset_t signals_before{};
    ::sched_getaffinity(0, sizeof(cpus_before), &cpus_before);
    ::pthread_sigmask(SIG_BLOCK, nullptr, &signals_before);
    EXPECT_EQ(zero_memory(memory.begin(), 64UL << 20, {4, allowed_cpus()}), 4);
    cpu_set_t cpus_after;
    sigset_t signals_after{};
    ::sched_getaffinity(0, sizeof(cpus_after), &cpus_after);
    ::pthread_sigmask(SIG_BLOCK, nullptr, &signals_after);
    EXPECT_TRUE(CPU_EQUAL(&cpus_before, &cpus_after));
    EXPECT_EQ(std::memcmp(&signals_before, &signals_after, sizeof(signals_before)), 0);
}

}  // namespace
}  // namespace hugepage
