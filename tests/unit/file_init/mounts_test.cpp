#include "tools/file_init/mounts.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <string>

namespace file_init {
namespace {

const std::string kLine =
    "36 25 0:33 / /mnt/huge\\0402M rw,relatime shared:17 master:3 - hugetlbfs none "
    "rw,pagesize=2M,min_size=64M";

TEST(Mounts, AreReadFromTheLineOfTheirId) {
    const auto mount = mount_in_line(kLine, 36);
    ASSERT_TRUE(mount);
    EXPECT_EQ(mount->point, "/mnt/huge 2M");
    EXPECT_EQ(mount->type, "hugetlbfs");
    EXPECT_TRUE(mount->holds_pages_back);
    EXPECT_FALSE(mount_in_line(kLine, 35));
}

TEST(Mounts, NeedNoOptionalFields) {
    const auto mount = mount_in_line("1 1 8:1 / / rw - ext4 /dev/sda1 rw", 1);
    ASSERT_TRUE(mount);
    EXPECT_EQ(mount->type, "ext4");
    EXPECT_FALSE(mount->holds_pages_back);
}

TEST(Mounts, AreNotFoundInOtherText) {
    EXPECT_FALSE(mount_in_line("", 0));
    EXPECT_FALSE(mount_in_line("36 25", 36));
}

TEST(Mounts, TellThatProcIsProc) {
    const int fd = ::open("/proc", O_PATH);
    const auto mount = mount_of(fd);
    ::close(fd);
    if (!mount) {
        GTEST_SKIP() << "needs a kernel that tells a file's mount (5.8)";
    }
    EXPECT_EQ(mount->type, "proc");
    EXPECT_EQ(mount->point, "/proc");
}

}  // namespace
}  // namespace file_init
