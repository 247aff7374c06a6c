#include "tools/common/mounts.h"

#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace tools {
namespace {

std::vector<Mount> mounts_in(const std::string& list) {
    const tests::TempDir folder;
    return mounts(folder.write("mountinfo", list));
}

TEST(Mounts, AreReadWithTheirOptions) {
    const auto found = mounts_in(
        "1 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "36 25 0:33 / /mnt/huge\\0402M rw,relatime shared:17 master:3 - hugetlbfs pool "
        "rw,pagesize=2M,min_size=64M\n"
        "37 25 0:34 / /mnt/huge_1g rw - hugetlbfs none rw,pagesize=1024M\n");
    ASSERT_EQ(found.size(), 3);
    EXPECT_EQ(found[0].type, "ext4");
    EXPECT_FALSE(found[0].page_size());
    EXPECT_FALSE(found[0].holds_pages_back());
    EXPECT_EQ(found[1].id, 36);
    EXPECT_EQ(found[1].point, "/mnt/huge 2M");
    EXPECT_TRUE(found[1].is_hugetlbfs());
    EXPECT_EQ(found[1].source, "pool");
    EXPECT_TRUE(found[1].holds_pages_back());
    EXPECT_EQ(found[1].page_size(), hugepage::ByteSize{2UL << 20});
    EXPECT_EQ(found[2].page_size(), hugepage::ByteSize{1UL << 30});
    EXPECT_FALSE(found[2].holds_pages_back());
}

TEST(Mounts, AreNoneInOtherText) {
    EXPECT_TRUE(mounts_in("").empty());
    EXPECT_TRUE(mounts_in("36 25\n").empty());
    EXPECT_TRUE(mounts("/nowhere").empty());
}

TEST(Mounts, TellThatProcIsProc) {
    struct statx facts {};
    if (::statx(AT_FDCWD, "/proc", 0, STATX_MNT_ID, &facts) != 0 || (facts.stx_mask & STATX_MNT_ID) == 0) {
        GTEST_SKIP() << "needs a kernel that tells a file's mount (5.8)";
    }
    const int fd = ::open("/proc", O_PATH);
    const auto mount = mount_of(fd);
    ::close(fd);
    ASSERT_TRUE(mount);
    EXPECT_EQ(mount->type, "proc");
    EXPECT_EQ(mount->point, "/proc");
}

}  // namespace
}  // namespace tools
