// Both tables begin a mapping's lines with its address, by which what they say is brought together.
#include "tools/pc1/memory_pages.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

namespace pc1 {
namespace {

using Mappings = std::map<std::uint64_t, PagesOfSize>;  // by the address at which they begin

// "Rss:                 128 kB". The kernel counts pages of hugetlbfs apart from the resident ones.
void read_figure(const std::string& line, PagesOfSize& pages) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t kib = 0;
    words >> name >> kib;
    const std::uint64_t bytes = kib << 10;
    if (name == "KernelPageSize:") {
        pages.page_size = bytes;
    } else if (name == "Rss:" || name == "Shared_Hugetlb:" || name == "Private_Hugetlb:") {
        pages.resident += bytes;
    } else if (name == "AnonHugePages:" || name == "ShmemPmdMapped:" || name == "FilePmdMapped:") {
        pages.transparent += bytes;
    }
}

// Those that hold any of the memory. A mapping's first line is like "7f00-7f10 rw-p 00000000 00:00 0".
Mappings parse_smaps(const std::string& smaps, std::span<const MemoryRange> memory) {
    Mappings mappings;
    PagesOfSize* pages = nullptr;  // of the mapping whose lines these are, if it is wanted
    std::istringstream lines(smaps);
    for (std::string line; std::getline(lines, line);) {
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
        char dash = 0;
        std::istringstream words(line);
        if (words >> std::hex >> begin >> dash >> end && dash == '-') {
            const bool is_wanted = std::ranges::any_of(memory, [&](const MemoryRange& range) {
                return range.begin < end && begin < range.begin + range.size;
            });
            pages = is_wanted ? &mappings[begin] : nullptr;
        } else if (pages != nullptr) {
            read_figure(line, *pages);
        }
    }
    return mappings;
}

// "7f00 default anon=512 dirty=512 N0=512 kernelpagesize_kB=4", where N0 counts pages of that size.
void add_nodes(const std::string& numa_maps, Mappings& mappings) {
    std::istringstream lines(numa_maps);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::uint64_t begin = 0;
        words >> std::hex >> begin;
        const auto mapping = mappings.find(begin);
        if (mapping == mappings.end()) {
            continue;
        }
        for (std::string word; words >> word;) {
            std::istringstream item(word);
            char letter = 0;
            unsigned node = 0;
            char equals = 0;
            std::uint64_t count = 0;
            if (item >> letter >> node >> equals >> count && letter == 'N' && equals == '=') {
                mapping->second.nodes[node] += count * mapping->second.page_size;
            }
        }
    }
}

std::string content_of(const char* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::vector<PagesOfSize> parse_pages(const std::string& smaps, const std::string& numa_maps,
                                     std::span<const MemoryRange> memory) {
    Mappings mappings = parse_smaps(smaps, memory);
    add_nodes(numa_maps, mappings);
    std::map<std::uint64_t, PagesOfSize> sums;
    for (const auto& [begin, some] : mappings) {
        PagesOfSize& sum = sums[some.page_size];
        sum.page_size = some.page_size;
        sum.resident += some.resident;
        sum.transparent += some.transparent;
        for (const auto& [node, bytes] : some.nodes) {
            sum.nodes[node] += bytes;
        }
    }
    std::vector<PagesOfSize> pages;
    std::ranges::transform(sums, std::back_inserter(pages), [](auto& sum) { return std::move(sum.second); });
    return pages;
}

std::vector<PagesOfSize> pages_of(std::span<const MemoryRange> memory) {
    return parse_pages(content_of("/proc/self/smaps"), content_of("/proc/self/numa_maps"), memory);
}

nlohmann::ordered_json pages_as_json(const std::vector<PagesOfSize>& pages) {
    using Json = nlohmann::ordered_json;
    Json list = Json::array();
    for (const PagesOfSize& some : pages) {
        Json nodes = Json::object();
        for (const auto& [node, bytes] : some.nodes) {
            nodes[std::to_string(node)] = bytes;
        }
        list.push_back({{"page_size", some.page_size},
                        {"resident", some.resident},
                        {"transparent", some.transparent},
                        {"nodes", std::move(nodes)}});
    }
    return list;
}

}  // namespace pc1
