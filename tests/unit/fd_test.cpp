#include "shim/base/fd.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

namespace hugepage {
namespace {

TEST(Fd, TakesNoneOfTheStandardThreeNumbers) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(STDIN_FILENO);
        ::close(STDERR_FILENO);
        const auto file = Fd::open("/dev/null", O_RDONLY);
        const bool are_free = ::fcntl(STDIN_FILENO, F_GETFD) == -1 && ::fcntl(STDERR_FILENO, F_GETFD) == -1;
        const int flags = file ? ::fcntl(file.value().get(), F_GETFD) : 0;
        ::_exit(file && file.value().get() > STDERR_FILENO && flags == FD_CLOEXEC && are_free ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST(Fd, OpensBelowAFolder) {
    const auto folder = Fd::open("/dev", O_RDONLY | O_DIRECTORY);
    ASSERT_TRUE(folder);
    EXPECT_TRUE(Fd::open("null", O_RDONLY, 0, folder.value().get()));
    EXPECT_EQ(Fd::open("no such", O_RDONLY, 0, folder.value().get()).error().code, ENOENT);
}

TEST(Fd, LeavesItsNumberToAFileThatHasComeByIt) {
    const int others = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    int number = -1;
    {
        const Fd file = std::move(Fd::open("/dev/zero", O_RDONLY).value());
        number = file.get();
        EXPECT_TRUE(file.has_its_file());
        ASSERT_EQ(::dup2(others, number), number);
        EXPECT_FALSE(file.has_its_file());
    }
    EXPECT_EQ(::close(number), 0);
    EXPECT_EQ(::close(others), 0);
}

TEST(Fd, ClosesItsFile) {
    int number = -1;
    {
        const Fd file = std::move(Fd::open("/dev/zero", O_RDONLY).value());
        number = file.get();
    }
    EXPECT_EQ(::close(number), -1);
}

}  // namespace
}  // namespace hugepage
