#include "bench/support/pages.h"

#include "bench/support/benchmarks.h"
#include "shim/request/placement.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

namespace bench {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;
constexpr std::size_t kGiB = 1024 * kMiB;

// What smaps says of a range: of all its mappings together.
struct Mapped {
    std::size_t bytes = 0;           // of the range that are mapped
    std::size_t on_right_pages = 0;  // in mappings whose KernelPageSize is the one asked for
    std::size_t thp = 0;
    std::size_t resident = 0;  // hugetlb pages included
};

Mapped mapped(std::uintptr_t begin, std::uintptr_t end, std::size_t kernel_page) {
    Mapped sum;
    std::size_t within = 0;  // of the mapping that the lines are about
    std::ifstream smaps("/proc/self/smaps");
    for (std::string line; std::getline(smaps, line);) {
        std::uintptr_t from = 0;
        std::uintptr_t to = 0;
        char dash = 0;
        std::istringstream words(line);
        if (line.find('-') < line.find(' ') && words >> std::hex >> from >> dash >> to) {
            within = from < end && to > begin ? std::min(end, to) - std::max(begin, from) : 0;
            sum.bytes += within;
            continue;
        }
        std::string key;
        std::size_t kib = 0;
        if (within == 0 || !(std::istringstream(line) >> key >> kib)) {
            continue;
        }
        if (key == "KernelPageSize:" && kib * kKiB == kernel_page) {
            sum.on_right_pages += within;
        } else if (key == "AnonHugePages:") {
            sum.thp += kib * kKiB;
        } else if (key == "Rss:" || key == "Shared_Hugetlb:" || key == "Private_Hugetlb:") {
            sum.resident += kib * kKiB;
        }
    }
    return sum;
}

}  // namespace

const char* name_of(Pages pages) {
    constexpr std::array kNames{"4 KiB", "THP", "2 MiB", "1 GiB"};
    return kNames.at(static_cast<std::size_t>(pages));
}

std::size_t bytes_of(Pages pages) {
    constexpr std::array kBytes{4 * kKiB, 2 * kMiB, 2 * kMiB, kGiB};
    return kBytes.at(static_cast<std::size_t>(pages));
}

std::string text_of_bytes(std::size_t bytes) {
    const std::array units{std::pair{kGiB, " GiB"}, std::pair{kMiB, " MiB"}, std::pair{kKiB, " KiB"}};
    for (const auto& [unit, name] : units) {
        if (bytes >= unit && bytes % unit == 0) {
            return std::to_string(bytes / unit) + name;
        }
    }
    return bytes >= kMiB ? std::to_string(bytes / kMiB) + " MiB" : std::to_string(bytes) + " bytes";
}

std::filesystem::path hugetlb_folder(Pages pages) {
    const char* const variable = pages == Pages::k1GiB ? "BENCH_HUGETLBFS_1G" : "BENCH_HUGETLBFS";
    const char* const folder = std::getenv(variable);
    if (folder == nullptr || *folder == '\0') {
        throw Missing(std::string(variable) + " names no folder on hugetlbfs with pages of " +
                      name_of(pages));
    }
    struct statfs facts {};
    if (::statfs(folder, &facts) != 0) {
        throw Missing(std::string(variable) + ": " + folder + ": " + std::strerror(errno));
    }
    if (facts.f_type != HUGETLBFS_MAGIC || static_cast<std::size_t>(facts.f_bsize) != bytes_of(pages)) {
        throw Missing(std::string(variable) + ": " + folder + " isn't hugetlbfs with pages of " +
                      name_of(pages));
    }
    return folder;
}

std::size_t free_pages(Pages pages) {
    const std::string folder =
        "/sys/kernel/mm/hugepages/hugepages-" + std::to_string(bytes_of(pages) / kKiB) + "kB/";
    std::size_t unused = 0;
    std::size_t spoken_for = 0;
    std::ifstream(folder + "free_hugepages") >> unused;
    std::ifstream(folder + "resv_hugepages") >> spoken_for;
    return unused - std::min(unused, spoken_for);
}

std::string thp_mode() {
    std::string modes;
    std::getline(std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled"), modes);
    const auto begin = modes.find('[');
    const auto end = modes.find(']');
    return begin < end && end != std::string::npos ? modes.substr(begin + 1, end - begin - 1) : "never";
}

void expect_available(std::size_t bytes) {
    constexpr std::size_t kReserve = 256 * kMiB;
    std::ifstream meminfo("/proc/meminfo");
    for (std::string line; std::getline(meminfo, line);) {
        std::string key;
        std::size_t kib = 0;
        if (std::istringstream(line) >> key >> kib && key == "MemAvailable:" &&
            kib * kKiB < bytes + bytes / 50 + kReserve) {
            throw Missing("needs " + text_of_bytes(bytes) + " of ordinary memory, " +
                          text_of_bytes(kib * kKiB) + " are available");
        }
    }
}

void expect_pages(const void* begin, std::size_t bytes, Pages pages, int node) {
    const auto from = reinterpret_cast<std::uintptr_t>(begin);
    const std::size_t kernel_page = is_hugetlb(pages) ? bytes_of(pages) : 4 * kKiB;
    const Mapped found = mapped(from, from + bytes, kernel_page);
    if (found.bytes != bytes || found.on_right_pages != bytes) {
        throw Missing("of " + text_of_bytes(bytes) + ", only " + text_of_bytes(found.on_right_pages) +
                      " are mapped with pages of " + text_of_bytes(kernel_page));
    }
    if (found.resident < bytes) {
        throw Missing("of " + text_of_bytes(bytes) + ", only " + text_of_bytes(found.resident) +
                      " are in place");
    }
    if (pages == Pages::k4KiB && found.thp != 0) {
        throw Missing(text_of_bytes(found.thp) + " are on transparent huge pages against our advice");
    }
    if (pages == Pages::kThp && found.thp < bytes / 100 * 99) {
        throw Missing("of " + text_of_bytes(bytes) + ", only " + text_of_bytes(found.thp) +
                      " are on transparent huge pages");
    }
    constexpr std::size_t kSample = 1024;
    const auto placement =
        hugepage::placement_of(begin, bytes, hugepage::ByteSize{bytes_of(pages)}, {node}, kSample);
    if (placement && placement.value().elsewhere * 100 > placement.value().checked) {
        throw Missing("of " + std::to_string(placement.value().checked) + " pages looked at, " +
                      std::to_string(placement.value().elsewhere) + " aren't on node " +
                      std::to_string(node) + ", where the threads are");
    }
}

}  // namespace bench
