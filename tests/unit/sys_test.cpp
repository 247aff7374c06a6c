#include "shim/base/sys.h"

#include "shim/base/fd.h"
#include "shim/base/range.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>

namespace hugepage {
namespace {

// In a process of its own, whose descriptors and filters end with it.
bool in_a_child(const std::function<bool()>& test) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(test() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Sys, OpensNothingAsStdinStdoutOrStderr) {
    const tests::TempDir dir;
    const auto file = dir.write("a", "content");
    for (const int first : {0, 1, 2}) {
        EXPECT_TRUE(in_a_child([&] {
            for (int fd = first; fd <= 2; ++fd) {
                ::close(fd);
            }
            const auto opened = Fd::open(file.c_str(), O_RDONLY);
            const bool is_closed_by_exec = ::fcntl(opened.value().get(), F_GETFD) == FD_CLOEXEC;
            bool are_closed = true;
            for (int fd = first; fd <= 2; ++fd) {
                are_closed = are_closed && ::fcntl(fd, F_GETFD) == -1;
            }
            std::array<char, 8> text{};
            return opened.value().get() >= 3 && is_closed_by_exec && are_closed &&
                   sys::read(opened.value().get(), text.data(), text.size()) == 7;
        })) << first;
    }
}

TEST(Sys, ReportsAsTheCLibraryDoes) {
    errno = EDOM;
    EXPECT_EQ(sys::call(SYS_getpid), ::getpid());
    EXPECT_EQ(errno, EDOM);
    EXPECT_EQ(sys::close(-1), -1);
    EXPECT_EQ(errno, EBADF);
    // All six arguments arrive.
    std::array<char, 4> content{};
    std::FILE* file = std::tmpfile();
    EXPECT_EQ(::pwrite(::fileno(file), "0123", 4, 4096), 4);
    const long memory =
        sys::call(SYS_mmap, nullptr, std::size_t{4096}, PROT_READ, MAP_PRIVATE, ::fileno(file), off_t{4096});
    std::memcpy(content.data(), reinterpret_cast<const void*>(memory), content.size());
    EXPECT_EQ(std::string(content.data(), 4), "0123");
    EXPECT_EQ(::munmap(reinterpret_cast<void*>(memory), 4096), 0);
    std::fclose(file);
}

TEST(Sys, KnowsThePageSizeAndTheTime) {
    EXPECT_EQ(page_bytes(), static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
    timespec before{};
    ::clock_gettime(CLOCK_MONOTONIC, &before);
    const std::int64_t now = sys::now(CLOCK_MONOTONIC);
    EXPECT_GE(now, before.tv_sec * 1'000'000'000 + before.tv_nsec);
    EXPECT_LE(now, (before.tv_sec + 60) * 1'000'000'000);
}

TEST(Sys, KnowsThatCallsAreFiltered) {
    if (sys::is_filtered()) {
        GTEST_SKIP() << "the test itself is under a filter";
    }
    EXPECT_TRUE(in_a_child([] {
        sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
        const sock_fprog program{1, allow};
        return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
               ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 && sys::is_filtered();
    }));
}

}  // namespace
}  // namespace hugepage
