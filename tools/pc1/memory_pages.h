// On which pages, and on which nodes, memory of this process lies, as the kernel tells it in /proc/self/smaps
// and /proc/self/numa_maps. What is told is of whole mappings: of memory that shares one with other memory
// (calloc's may) it is told with the other's.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace pc1 {

struct MemoryRange {
    std::uint64_t begin = 0;
    std::uint64_t size = 0;
};

// All pages of one size. Everything in bytes.
struct PagesOfSize {
    std::uint64_t page_size = 0;
    std::uint64_t resident = 0;               // what is in place
    std::uint64_t transparent = 0;            // of that, in transparent huge pages
    std::map<unsigned, std::uint64_t> nodes;  // how much is on each; empty if the kernel doesn't tell

    bool operator==(const PagesOfSize&) const = default;
};

// Of the mappings that hold a byte of one of these, one entry for each size, the smallest first.
[[nodiscard]] std::vector<PagesOfSize> parse_pages(const std::string& smaps, const std::string& numa_maps,
                                                   std::span<const MemoryRange> memory);

// Asks the kernel. Takes it some 0.1 s for each 10 GiB of ordinary pages. Empty if it doesn't tell.
[[nodiscard]] std::vector<PagesOfSize> pages_of(std::span<const MemoryRange> memory);

// An array with an object for each: "page_size", "resident", "transparent", and "nodes", bytes by the node's
// number.
[[nodiscard]] nlohmann::ordered_json pages_as_json(const std::vector<PagesOfSize>& pages);

}  // namespace pc1
