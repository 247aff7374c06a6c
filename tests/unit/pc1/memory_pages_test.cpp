#include "tools/pc1/memory_pages.h"

#include "sizes.h"

#include <gmock/gmock.h>

#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace pc1 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// As the kernel has them: 4 KiB pages, transparent huge pages, pages of hugetlbfs, and a mapping beside.
constexpr const char* kSmaps =
    "10000000-14000000 rw-p 00000000 00:00 0 \n"
    "Size:              65536 kB\n"
    "KernelPageSize:        4 kB\n"
    "MMUPageSize:           4 kB\n"
    "Rss:               65536 kB\n"
    "AnonHugePages:         0 kB\n"
    "Shared_Hugetlb:        0 kB\n"
    "VmFlags: rd wr mr mw me ac sd lo \n"
    "20000000-24000000 rw-p 00000000 00:00 0                                  [anon: a name]\n"
    "KernelPageSize:        4 kB\n"
    "Rss:               32768 kB\n"
    "AnonHugePages:     30720 kB\n"
    "40000000-44000000 rw-s 00000000 00:2d 7  /mnt/huge/numa_0/64.0_MiB 0 (deleted)\n"
    "KernelPageSize:     2048 kB\n"
    "Rss:                   0 kB\n"
    "Shared_Hugetlb:    16384 kB\n"
    "Private_Hugetlb:   49152 kB\n"
    "50000000-54000000 r-xp 00000000 00:2d 9  /usr/lib/libc.so.6\n"
    "KernelPageSize:        4 kB\n"
    "Rss:                4096 kB\n";
constexpr const char* kNumaMaps =
    "10000000 default anon=16384 dirty=16384 N0=16000 N1=384 kernelpagesize_kB=4\n"
    "20000000 prefer:1 anon=8192 N1=8192 kernelpagesize_kB=4\n"
    "40000000 default file=/mnt/huge/numa_0/64.0_MiB\\0400\\040(deleted) huge dirty=32 N0=32 "
    "kernelpagesize_kB=2048\n"
    "50000000 default file=/usr/lib/libc.so.6 mapped=1024 N12=1024 kernelpagesize_kB=4\n";

std::vector<PagesOfSize> pages(std::vector<MemoryRange> memory) {
    return parse_pages(kSmaps, kNumaMaps, memory);
}

TEST(MemoryPages, AreSmallOnesOnBothNodes) {
    EXPECT_THAT(pages({{0x10000000, 64 * kMiB}}),
                ElementsAre(PagesOfSize{.page_size = 4 * kKiB,
                                        .resident = 64 * kMiB,
                                        .transparent = 0,
                                        .nodes = {{0, 16000 * 4 * kKiB}, {1, 384 * 4 * kKiB}}}));
}

TEST(MemoryPages, TellTransparentHugePagesFromThoseOfHugetlbfs) {
    EXPECT_THAT(pages({{0x20000000, 64 * kMiB}}), ElementsAre(PagesOfSize{.page_size = 4 * kKiB,
                                                                          .resident = 32 * kMiB,
                                                                          .transparent = 30 * kMiB,
                                                                          .nodes = {{1, 32 * kMiB}}}));
    EXPECT_THAT(
        pages({{0x40000000, 64 * kMiB}}),
        ElementsAre(PagesOfSize{
            .page_size = 2 * kMiB, .resident = 64 * kMiB, .transparent = 0, .nodes = {{0, 64 * kMiB}}}));
}

TEST(MemoryPages, OfTwoBuffersAreAddedUpIfTheyHaveOneSizeAndToldApartIfNot) {
    EXPECT_THAT(pages({{0x10000000, kMiB}, {0x20001000, kMiB}}),
                ElementsAre(PagesOfSize{.page_size = 4 * kKiB,
                                        .resident = 96 * kMiB,
                                        .transparent = 30 * kMiB,
                                        .nodes = {{0, 16000 * 4 * kKiB}, {1, 384 * 4 * kKiB + 32 * kMiB}}}));
    const auto both = pages({{0x40000000, 64 * kMiB}, {0x10000000, 64 * kMiB}});
    ASSERT_EQ(both.size(), 2);
    EXPECT_EQ(both[0].page_size, 4 * kKiB);
    EXPECT_EQ(both[1].page_size, 2 * kMiB);
}

TEST(MemoryPages, AreThoseOfMappingsThatHoldAByteOfTheMemory) {
    EXPECT_EQ(pages({{0x0ffff000, 4097}}).size(), 1);
    EXPECT_THAT(pages({{0x0ffff000, 4096}}), IsEmpty());
    EXPECT_THAT(pages({{0x14000000, 4096}}), IsEmpty());
}

TEST(MemoryPages, HaveNoNodesWhereTheKernelTellsNone) {
    const MemoryRange range{0x10000000, kMiB};
    const auto found = parse_pages(kSmaps, "", {&range, 1});
    ASSERT_EQ(found.size(), 1);
    EXPECT_THAT(found[0].nodes, IsEmpty());
}

TEST(MemoryPages, OfThisProcessAreThoseThatItTouched) {
    constexpr std::size_t kBytes = 64 * kKiB;
    void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    *static_cast<volatile char*>(memory) = 1;
    const MemoryRange range{reinterpret_cast<std::uintptr_t>(memory), kBytes};
    const auto found = pages_of({&range, 1});
    ASSERT_EQ(found.size(), 1);
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    EXPECT_EQ(found[0].page_size, page);
    EXPECT_EQ(found[0].resident, page);
    munmap(memory, kBytes);
}

}  // namespace
}  // namespace pc1
