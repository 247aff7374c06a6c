// Buffers taken as sealers take them.
#include "tools/pc1/sector_buffer.h"

#include <gmock/gmock.h>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace pc1 {
namespace {

constexpr std::size_t kSize = 3 * 4096 + 32;

TEST(SectorBuffer, IsZeroAndWritableHoweverItWasGot) {
    for (const Allocation allocation : {Allocation::kMmap, Allocation::kCalloc}) {
        const SectorBuffer buffer(allocation, kSize);
        const std::span bytes(buffer.data(), buffer.size());
        ASSERT_EQ(bytes.size(), kSize);
        EXPECT_THAT(bytes, testing::Each(0));
        std::ranges::fill(bytes, std::uint8_t{0xff});
    }
}

// What the kernel counts as locked of this process.
std::size_t locked_bytes() {
    std::ifstream status("/proc/self/status");
    std::size_t kib = 0;
    for (std::string word; status >> word;) {
        if (word == "VmLck:" && status >> kib) {
            return 1024 * kib;
        }
    }
    throw std::runtime_error("no VmLck in /proc/self/status");
}

std::size_t page_size() {
    return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t whole_pages() {
    return (kSize + page_size() - 1) / page_size() * page_size();
}

// Whether mlock locks so much here. (The sanitizers turn it into a call that does nothing.)
bool can_lock() {
    void* const memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const std::size_t before = locked_bytes();
    const bool is_locked = ::mlock(memory, kSize) == 0 && locked_bytes() == before + whole_pages();
    ::munmap(memory, kSize);
    return is_locked;
}

TEST(SectorBuffer, IsLockedInMemory) {
    if (!can_lock()) {
        GTEST_SKIP() << "needs the right to lock 16 KiB, and no sanitizer";
    }
    const std::size_t before = locked_bytes();
    {
        const SectorBuffer buffer(Allocation::kMmap, kSize);
        EXPECT_TRUE(buffer.is_locked());
        EXPECT_EQ(buffer.lock_error(), 0);
        EXPECT_EQ(locked_bytes(), before + whole_pages());
    }
    EXPECT_EQ(locked_bytes(), before);
}

// To be called where so much may be locked: what a buffer is then. "" if it is as it should be.
const char* fault_if_lockable(rlim_t bytes, int expected_error) {
    const rlimit limit{bytes, bytes};
    if (::setrlimit(RLIMIT_MEMLOCK, &limit) != 0) {
        return "the limit can't be set";
    }
    const SectorBuffer buffer(Allocation::kMmap, kSize);
    if (buffer.is_locked() || locked_bytes() != 0) {
        return "it is locked";
    }
    if (buffer.lock_error() != expected_error) {
        return "it gives another reason";
    }
    const std::span memory(buffer.data(), buffer.size());
    if (memory.size() != kSize || std::ranges::count(memory, 0) != static_cast<std::ptrdiff_t>(kSize)) {
        return "it is not all zero";
    }
    std::ranges::fill(memory, std::uint8_t{0xff});
    return "";
}

TEST(SectorBuffer, IsOrdinaryMemoryAndSaysWhyIfItMayNotBeLocked) {
    if (!can_lock()) {
        GTEST_SKIP() << "needs the right to lock 16 KiB, and no sanitizer";
    }
    EXPECT_EXIT(
        {
            // Root may lock any amount, so it has to become somebody else. Nothing locked is inherited.
            const bool has_no_right = ::geteuid() != 0 || ::setuid(65534) == 0;
            const std::string too_little = fault_if_lockable(page_size(), ENOMEM);
            const std::string nothing = fault_if_lockable(0, EPERM);
            std::fprintf(stderr, "one page: %s; nothing: %s.", too_little.c_str(), nothing.c_str());
            ::_exit(has_no_right ? 0 : 1);
        },
        testing::ExitedWithCode(0), "one page: ; nothing: \\.");
}

TEST(SectorBuffer, IsNotLockedIfItComesFromCalloc) {
    const SectorBuffer buffer(Allocation::kCalloc, kSize);
    EXPECT_FALSE(buffer.is_locked());
    EXPECT_EQ(buffer.lock_error(), 0);
}

TEST(SectorBuffer, MovesWithItsContents) {
    SectorBuffer first(Allocation::kMmap, kSize);
    SectorBuffer second(Allocation::kCalloc, 2 * kSize);
    first.data()[0] = 1;
    second.data()[0] = 2;
    std::swap(first, second);
    EXPECT_EQ(first.size(), 2 * kSize);
    EXPECT_EQ(first.data()[0], 2);
    EXPECT_EQ(second.data()[0], 1);
}

TEST(SectorBuffer, SaysWhatFailedIfThereIsNoMemory) {
    constexpr std::size_t kAbsurd = std::size_t{1} << 60;
    EXPECT_THROW(SectorBuffer(Allocation::kMmap, kAbsurd), std::system_error);
}

}  // namespace
}  // namespace pc1
