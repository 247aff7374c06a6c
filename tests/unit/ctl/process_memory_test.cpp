#include "tools/pool/environment.h"
#include "tools/pool/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace ctl {
namespace {

using hugepage::NodeId;
using testing::ElementsAre;
using testing::Pair;

std::vector<MappedArea> parse_smaps(std::string_view text) {
    std::vector<MappedArea> areas;
    for (const std::string& line : words_of(text, "\n")) {
        read_smaps_line(line, areas);
    }
    return areas;
}

// Of these mappings, which begin at the addresses.
std::vector<MappedArea> parse_numa_maps(std::string_view text, const std::vector<std::uint64_t>& begins) {
    std::vector<MappedArea> areas(begins.size());
    for (std::size_t i = 0; i < begins.size(); ++i) {
        areas[i].begin = begins[i];
    }
    for (const std::string& line : words_of(text, "\n")) {
        read_numa_maps_line(line, areas);
    }
    return areas;
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
    const auto areas = parse_smaps(kSmaps);
    ASSERT_EQ(areas.size(), 4);
    EXPECT_EQ(areas[0].path, "[heap]");
    EXPECT_FALSE(areas[0].file);
    EXPECT_EQ(areas[0].resident, 8192);
    EXPECT_EQ(areas[1].begin, 0x7f0000000000);
    EXPECT_EQ(areas[1].end - areas[1].begin, 1UL << 30);
    EXPECT_EQ(areas[1].permissions, "rw-s");
    EXPECT_EQ(areas[1].path, "/mnt/huge/a file");
    ASSERT_TRUE(areas[1].file);
    EXPECT_EQ(areas[1].file->file.inode, 77);
    EXPECT_EQ(areas[1].file->first_byte, 0x7f0000000000 - 0x40000000);
    EXPECT_EQ(areas[1].page_size, 1UL << 30);
    EXPECT_EQ(areas[1].huge, 1UL << 30);
    EXPECT_EQ(areas[2].path, "");
    EXPECT_EQ(areas[2].transparent, 14336UL << 10);
    EXPECT_EQ(areas[3].begin, 0xffffffffff600000);
}

TEST(Smaps, PassOverWhatTheyDontKnow) {
    EXPECT_TRUE(parse_smaps("").empty());
    EXPECT_TRUE(parse_smaps("Rss: 12 kB\nnonsense\n\n-\n-- rw-p\n7f-7e rw-p 0 00:00 0\n").empty());
    const auto areas = parse_smaps(
        "7f00-7f10 rw-p 00000000 00:00 0\nRss: 99999999999999999999 kB\nRss: x kB\nRss: 4 "
        "MB\nRss:\nNew-Thing: 3 kB\n"
        "7f20-7f30 rw-p 00000000 00:00");
    ASSERT_EQ(areas.size(), 2);
    EXPECT_EQ(areas[0].resident, 0);
}

auto facts_of(const MappedArea& area) {
    return std::tie(area.begin, area.end, area.permissions, area.path, area.page_size, area.resident,
                    area.transparent, area.huge);
}

// A mapping whose lines are all there is told in full, one that has begun may be told in part, no other is.
TEST(Smaps, MayEndAnywhere) {
    const std::string whole = kSmaps;
    const auto all = parse_smaps(whole);
    ASSERT_EQ(all.size(), 4);
    std::vector<std::size_t> begins;
    for (const char* address : {"55d0c1000000-", "7f0000000000-", "7f0080000000-", "ffffffffff600000-"}) {
        begins.push_back(whole.find(address));
    }
    for (std::size_t length = 0; length < whole.size(); ++length) {
        SCOPED_TRACE(length);
        const auto areas = parse_smaps(whole.substr(0, length));
        std::size_t begun = 0;
        for (; begun < begins.size() && begins[begun] < length; ++begun) {
            const std::size_t end = begun + 1 < begins.size() ? begins[begun + 1] : whole.size();
            const bool has_first_line = whole.find('\n', begins[begun]) < length;
            ASSERT_TRUE(begun < areas.size() || !has_first_line);
            if (end <= length) {
                EXPECT_EQ(facts_of(areas[begun]), facts_of(all[begun]));
            } else if (has_first_line) {
                EXPECT_EQ(areas[begun].path, all[begun].path);
                EXPECT_THAT(areas[begun].resident, testing::AnyOf(0, all[begun].resident));
                EXPECT_THAT(areas[begun].huge, testing::AnyOf(0, all[begun].huge));
            }
        }
        EXPECT_LE(areas.size(), begun);
    }
}

TEST(NumaMaps, CountBytesOnEachNode) {
    const auto areas = parse_numa_maps(
        "55d0c1000000 default heap anon=2 dirty=2 active=0 N0=2 kernelpagesize_kB=4\n"
        "7f0000000000 bind:1 file=/mnt/huge/N3=9\\040x huge dirty=3 N0=1 N1=2 kernelpagesize_kB=2048\n"
        "7f0080000000 prefer (many):0-1 anon=4\n"
        "7f0090000000 default\n",
        {0x55d0c1000000, 0x7f0000000000, 0x7f0090000000, 0x7f00a0000000});
    EXPECT_THAT(areas[0].nodes, ElementsAre(Pair(NodeId{0}, 8192)));
    EXPECT_THAT(areas[1].nodes, ElementsAre(Pair(NodeId{0}, 2UL << 20), Pair(NodeId{1}, 4UL << 20)));
    EXPECT_TRUE(areas[2].nodes.empty());
    EXPECT_TRUE(areas[3].nodes.empty());
}

TEST(NumaMaps, PassOverWhatTheyDontKnow) {
    const auto areas = parse_numa_maps(
        "\nxyz default N0=1\n7f00 default N=1 Nx=1 N99999999=1 N0=x N0= =\n7f01 default N0=1\n", {0x7f00});
    EXPECT_TRUE(areas[0].nodes.empty());
}

}  // namespace
}  // namespace ctl
