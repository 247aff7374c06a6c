#include "tools/pc1/memory_pages.h"

#include "sizes.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <sys/mman.h>
#include <unistd.h>

namespace pc1 {
namespace {

using Json = nlohmann::ordered_json;
using testing::IsEmpty;

// As the kernel has them: 4 KiB pages, transparent huge pages, pages of hugetlbfs, and a mapping beside.
constexpr const char* kSmaps =
    "10000000-14000000 rw-p 00000000 00:00 0 \n"
    "KernelPageSize:        4 kB\n"
    "Rss:               65536 kB\n"
    "AnonHugePages:         0 kB\n"
    "20000000-24000000 rw-p 00000000 00:00 0                                  [anon: a name]\n"
    "KernelPageSize:        4 kB\n"
    "Rss:               32768 kB\n"
    "AnonHugePages:     30720 kB\n"
    "40000000-44000000 rw-s 00000000 00:2d 7  /mnt/huge/numa_0/64.0_MiB 0 (deleted)\n"
    "KernelPageSize:     2048 kB\n"
    "Rss:                   0 kB\n"
    "Shared_Hugetlb:        0 kB\n"
    "Private_Hugetlb:   65536 kB\n"
    "50000000-54000000 r-xp 00000000 00:2d 9  /usr/lib/libc.so.6\n"
    "KernelPageSize:        4 kB\n"
    "Rss:                4096 kB\n";
constexpr const char* kNumaMaps =
    "10000000 default anon=16384 dirty=16384 N0=16000 N1=384 kernelpagesize_kB=4\n"
    "20000000 prefer:1 anon=8192 N1=8192 kernelpagesize_kB=4\n"
    "40000000 default file=/mnt/huge/numa_0/64.0_MiB\\0400 huge dirty=32 N0=32 kernelpagesize_kB=2048\n";

class MemoryPages : public testing::Test {
  protected:
    // Of memory at these addresses.
    static Json pages(std::vector<std::pair<std::uintptr_t, std::size_t>> ranges,
                      const char* numa_maps = kNumaMaps) {
        const tests::TempDir proc;
        proc.write("7/smaps", kSmaps);
        proc.write("7/numa_maps", numa_maps);
        std::vector<std::span<const std::uint8_t>> memory;
        for (const auto& [begin, size] : ranges) {
            memory.emplace_back(reinterpret_cast<const std::uint8_t*>(begin), size);
        }
        return pages_of(memory, 7, proc.path());
    }
};

TEST_F(MemoryPages, OfOneSizeAreAddedUpAndOthersToldApart) {
    const auto found = pages({{0x40000000, 64 * kMiB}, {0x10000000, kMiB}, {0x20001000, kMiB}});
    EXPECT_EQ(found, Json::parse(R"([
        {"page_size": 4096, "resident": 100663296, "transparent": 31457280,
         "nodes": {"0": 65536000, "1": 35127296}},
        {"page_size": 2097152, "resident": 67108864, "transparent": 0, "nodes": {"0": 67108864}}])"));
}

TEST_F(MemoryPages, AreThoseOfMappingsThatHoldAByteOfTheMemory) {
    EXPECT_EQ(pages({{0x0ffff000, 4097}}).size(), 1);
    EXPECT_THAT(pages({{0x0ffff000, 4096}}), IsEmpty());
    EXPECT_THAT(pages({{0x14000000, 4096}}), IsEmpty());
}

TEST_F(MemoryPages, HaveNoNodesWhereTheKernelTellsNone) {
    EXPECT_EQ(pages({{0x10000000, kMiB}}, "").at(0).at("nodes"), Json::object());
}

TEST_F(MemoryPages, OfThisProcessAreThoseThatItTouched) {
    constexpr std::size_t kBytes = 64 * kKiB;
    void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    *static_cast<volatile char*>(memory) = 1;
    const auto found = pages_of({{static_cast<const std::uint8_t*>(memory), kBytes}});
    ASSERT_EQ(found.size(), 1);
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    EXPECT_EQ(found.at(0).at("page_size"), page);
    EXPECT_EQ(found.at(0).at("resident"), page);
    munmap(memory, kBytes);
}

}  // namespace
}  // namespace pc1
