#include "tools/common/huge_pages.h"

#include "shim/base/fd.h"
#include "shim/request/lease.h"
#include "tests/support/pool_fixture.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

namespace hugepage {
namespace {

TEST(Hugetlbfs, ReadsTheCountsOfANodeAndOfTheMachine) {
    const tests::TempDir sys;
    for (const char* folder :
         {"devices/system/node/node1/hugepages/hugepages-2048kB/", "kernel/mm/hugepages/hugepages-2048kB/"}) {
        sys.write(std::string(folder) + "nr_hugepages", "64\n");
        sys.write(std::string(folder) + "free_hugepages", "60\n");
        sys.write(std::string(folder) + "resv_hugepages", "8\n");
    }
    const auto node = huge_page_counts(sys.path().c_str(), ByteSize{2UL << 20}, NodeId{1});
    ASSERT_TRUE(node);
    EXPECT_EQ(node.value().total, 64U);
    EXPECT_EQ(node.value().free, 60U);
    EXPECT_EQ(node.value().reserved, 0U);
    const auto machine = huge_page_counts(sys.path().c_str(), ByteSize{2UL << 20}, std::nullopt);
    ASSERT_TRUE(machine);
    EXPECT_EQ(machine.value().reserved, 8U);
}

TEST(Hugetlbfs, SaysSoWhenAPageSizeOrNodeIsUnknown) {
    const tests::TempDir sys;
    EXPECT_EQ(huge_page_counts(sys.path().c_str(), ByteSize{1UL << 30}, NodeId{0}).error().code, ENOENT);
    sys.write("kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "many\n");
    EXPECT_EQ(huge_page_counts(sys.path().c_str(), ByteSize{2UL << 20}, std::nullopt).error().code, EINVAL);
}

TEST(Hugetlbfs, TellsTmpfsFromADisk) {
    const tests::Pool pool(tests::kTmpfs);
    if (!pool.missing().empty()) {
        GTEST_SKIP() << pool.missing();
    }
    const auto shared = Fd::open(pool.add("f", 4096).c_str(), O_RDONLY);
    EXPECT_EQ(file_system_of(shared.value().get()).value().kind, FileSystem::Kind::tmpfs);
    EXPECT_EQ(file_system_of(shared.value().get()).value().page_size, ByteSize{4096});
    const auto proc = Fd::open("/proc/self/maps", O_RDONLY);
    EXPECT_EQ(file_system_of(proc.value().get()).value().kind, FileSystem::Kind::other);
    EXPECT_EQ(file_system_of(-1).error().code, EBADF);
}

}  // namespace
}  // namespace hugepage
