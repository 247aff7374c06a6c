// Kinds of pages that memory can be on, where hugetlbfs is, and what the kernel says that memory is on.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace bench {

enum class Pages { k4KiB, kThp, k2MiB, k1GiB };
inline constexpr Pages kAllPages[] = {Pages::k4KiB, Pages::kThp, Pages::k2MiB, Pages::k1GiB};

[[nodiscard]] const char* name_of(Pages pages);
[[nodiscard]] std::size_t bytes_of(Pages pages);  // of one page
[[nodiscard]] inline bool is_hugetlb(Pages pages) {
    return pages == Pages::k2MiB || pages == Pages::k1GiB;
}

// "64 MiB".
[[nodiscard]] std::string text_of_bytes(std::size_t bytes);

// The folder that BENCH_HUGETLBFS or BENCH_HUGETLBFS_1G names. Throws Missing if it names none, or one that
// isn't on pages of that size.
[[nodiscard]] std::filesystem::path hugetlb_folder(Pages pages);
// Free pages of that size, for whoever comes first.
[[nodiscard]] std::size_t free_pages(Pages pages);

// What of "always", "madvise" and "never" is chosen for transparent huge pages; "never" where the kernel
// hasn't got them.
[[nodiscard]] std::string thp_mode();

// Throws Missing if the machine has less memory available than this and a reserve.
void expect_available(std::size_t bytes);

// Throws Missing unless the memory, which is populated, is on such pages, according to smaps (all of it; for
// transparent huge pages 99 %), and on this node, according to a sample of the pages.
void expect_pages(const void* begin, std::size_t bytes, Pages pages, int node);

}  // namespace bench
