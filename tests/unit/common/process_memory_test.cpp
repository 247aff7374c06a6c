#include "tests/support/temp_dir.h"
#include "tools/common/processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tools {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::vector<MappedArea> areas_of(const std::string& smaps, const std::string& numa_maps = "") {
    const tests::TempDir proc;
    proc.write("7/smaps", smaps);
    proc.write("7/numa_maps", numa_maps);
    return read_process(7, proc.path()).areas;
}

constexpr const char* kSmaps =
    "55d0c1000000-55d0c1021000 rw-p 00000000 00:00 0                          [heap]\n"
    "Size:                132 kB\n"
    "KernelPageSize:        4 kB\n"
    "MMUPageSize:           4 kB\n"
    "Rss:                   8 kB\n"
    "AnonHugePages:         0 kB\n"
    "VmFlags: rd wr mr mw me ac \n"
    "7f0000000000-7f0040000000 rw-s 40000000 00:2b 77                         /mnt/huge/a file (deleted)\n"
    "Size:            1048576 kB\n"
    "KernelPageSize:  1048576 kB\n"
    "Rss:                   0 kB\n"
    "Shared_Hugetlb:        0 kB\n"
    "Private_Hugetlb: 1048576 kB\n"
    "THPeligible:           0\n"
    "7f0080000000-7f0081000000 rw-p 00000000 00:00 0 \n"
    "Size:              16384 kB\n"
    "KernelPageSize:        4 kB\n"
    "Rss:               16384 kB\n"
    "AnonHugePages:     14336 kB\n"
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n"
    "Size:                  4 kB\n";

TEST(Smaps, TellOfEachMapping) {
    const auto areas = areas_of(kSmaps);
    ASSERT_EQ(areas.size(), 4);
    EXPECT_EQ(areas[0].path, "[heap]");
    EXPECT_FALSE(areas[0].file);
    EXPECT_EQ(areas[0].resident, 8192);
    EXPECT_EQ(areas[1].begin, 0x7f0000000000);
    EXPECT_EQ(areas[1].end - areas[1].begin, 1UL << 30);
    EXPECT_EQ(areas[1].permissions, "rw-s");
    EXPECT_EQ(areas[1].path, "/mnt/huge/a file");
    ASSERT_TRUE(areas[1].file);
    EXPECT_EQ(areas[1].file->inode, 77);
    EXPECT_EQ(areas[1].first_byte, 0x7f0000000000 - 0x40000000);
    EXPECT_EQ(areas[1].page_size, 1UL << 30);
    EXPECT_EQ(areas[1].huge, 1UL << 30);
    EXPECT_EQ(areas[2].path, "");
    EXPECT_EQ(areas[2].transparent, 14336UL << 10);
    EXPECT_EQ(areas[3].begin, 0xffffffffff600000);
}

// The kernel splits a mapping where advice differs; what it says of both parts of a file's is added up.
TEST(Smaps, AddUpThePartsOfAFilesMapping) {
    const auto areas = areas_of(
        "7f0000-7f1000 rw-s 00000000 00:2b 77 /mnt/huge/file\nRss: 4 kB\n"
        "7f1000-7f2000 rw-s 00001000 00:2b 77 /mnt/huge/file\nRss: 8 kB\nFilePmdMapped: 8 kB\n");
    ASSERT_EQ(areas.size(), 1);
    EXPECT_EQ(areas[0].end, 0x7f2000);
    EXPECT_EQ(areas[0].resident, 12 << 10);
    EXPECT_EQ(areas[0].transparent, 8 << 10);
}

TEST(Smaps, PassOverWhatTheyDontKnow) {
    const auto areas = areas_of(
        "Rss: 12 kB\nnonsense\n\n-\n-- rw-p\n7f00-7f10 rw-p 00000000 00:00 0\nRss: x kB\nRss:\n"
        "New-Thing: 3 kB\n7f20-7f30 rw-p 00000000 00:00");
    ASSERT_EQ(areas.size(), 1);
    EXPECT_EQ(areas[0].resident, 0);
}

TEST(NumaMaps, CountBytesOnEachNode) {
    const auto areas = areas_of(
        kSmaps,
        "55d0c1000000 default heap anon=2 dirty=2 active=0 N0=2 kernelpagesize_kB=4\n"
        "7f0000000000 bind:1 file=/mnt/huge/N3=9\\040x huge dirty=3 N0=1 N1=2 kernelpagesize_kB=2048\n"
        "7f0070000000 default N1=9\n"
        "7f0080000000 prefer (many):0-1 anon=4\n"
        "\nxyz default N0=1\n");
    EXPECT_THAT(areas[0].nodes, ElementsAre(Pair(NodeId{0}, 8192)));
    EXPECT_THAT(areas[1].nodes, ElementsAre(Pair(NodeId{0}, 2UL << 20), Pair(NodeId{1}, 4UL << 20)));
    EXPECT_TRUE(areas[2].nodes.empty());
    EXPECT_TRUE(areas[3].nodes.empty());
}

}  // namespace
}  // namespace tools
