// Both tables begin a mapping's lines with its address, by which what they say is brought together.
#include "tools/pc1/memory_pages.h"

#include <nlohmann/json.hpp>

#include <system_error>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace pc1 {
namespace {

constexpr std::uint64_t kKiB = 1024;

struct Mapping {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    PagesOfSize pages;
};

template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        visit(line);
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
}

std::string_view next_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    return word;
}

std::optional<std::uint64_t> number_in(std::string_view text, int base) {
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    const bool is_whole = failure == std::errc{} && end == text.data() + text.size();
    return is_whole ? std::optional(number) : std::nullopt;
}

// "7f00-7f10 rw-p 00000000 00:00 0"; nothing if the line is none of these.
std::optional<Mapping> parse_head(std::string_view line) {
    const std::string_view range = next_word(line);
    const std::size_t dash = range.find('-');
    if (dash == std::string_view::npos) {
        return std::nullopt;
    }
    const auto begin = number_in(range.substr(0, dash), 16);
    const auto end = number_in(range.substr(dash + 1), 16);
    return begin && end ? std::optional(Mapping{.begin = *begin, .end = *end, .pages = {}}) : std::nullopt;
}

// "Rss:                 128 kB". The kernel counts pages of hugetlbfs apart from the resident ones.
void read_figure(std::string_view line, PagesOfSize& pages) {
    const std::string_view name = next_word(line);
    const auto kib = number_in(next_word(line), 10);
    if (!kib || next_word(line) != "kB") {
        return;
    }
    if (name == "KernelPageSize:") {
        pages.page_size = *kib * kKiB;
    } else if (name == "Rss:" || name == "Shared_Hugetlb:" || name == "Private_Hugetlb:") {
        pages.resident += *kib * kKiB;
    } else if (name == "AnonHugePages:" || name == "ShmemPmdMapped:" || name == "FilePmdMapped:") {
        pages.transparent += *kib * kKiB;
    }
}

std::vector<Mapping> parse_smaps(std::string_view text) {
    std::vector<Mapping> mappings;
    for_each_line(text, [&](std::string_view line) {
        if (auto mapping = parse_head(line)) {
            mappings.push_back(std::move(*mapping));
        } else if (!mappings.empty()) {
            read_figure(line, mappings.back().pages);
        }
    });
    return mappings;
}

// "7f00 default anon=512 dirty=512 N0=512 kernelpagesize_kB=4", where N0 counts pages of that size.
std::map<unsigned, std::uint64_t> parse_nodes(std::string_view words) {
    constexpr std::string_view kPageSize = "kernelpagesize_kB=";
    std::map<unsigned, std::uint64_t> nodes;
    std::uint64_t page_size = 4 * kKiB;
    for (std::string_view word; !(word = next_word(words)).empty();) {
        const std::size_t equals = std::min(word.find('='), word.size() - 1);
        const auto count = number_in(word.substr(equals + 1), 10);
        if (word.starts_with(kPageSize)) {
            page_size = count.value_or(page_size / kKiB) * kKiB;
        } else if (const auto node = number_in(word.substr(1, equals - 1), 10);
                   word[0] == 'N' && node && count) {
            nodes[static_cast<unsigned>(*node)] += *count;
        }
    }
    for (auto& [node, count] : nodes) {
        count *= page_size;
    }
    return nodes;
}

void add(const PagesOfSize& more, PagesOfSize& sum) {
    sum.page_size = more.page_size;
    sum.resident += more.resident;
    sum.transparent += more.transparent;
    for (const auto& [node, bytes] : more.nodes) {
        sum.nodes[node] += bytes;
    }
}

bool holds_any(const Mapping& mapping, std::span<const MemoryRange> memory) {
    return std::ranges::any_of(memory, [&mapping](const MemoryRange& range) {
        return range.begin < mapping.end && mapping.begin < range.begin + range.size;
    });
}

std::string content_of(const char* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::vector<PagesOfSize> parse_pages(std::string_view smaps, std::string_view numa_maps,
                                     std::span<const MemoryRange> memory) {
    std::vector<Mapping> mappings = parse_smaps(smaps);
    std::erase_if(mappings, [&](const Mapping& mapping) { return !holds_any(mapping, memory); });
    for_each_line(numa_maps, [&](std::string_view line) {
        const auto begin = number_in(next_word(line), 16);
        const auto mapping =
            std::ranges::find_if(mappings, [&](const Mapping& m) { return m.begin == begin; });
        if (mapping != mappings.end()) {
            mapping->pages.nodes = parse_nodes(line);
        }
    });
    std::map<std::uint64_t, PagesOfSize> sums;
    for (const Mapping& mapping : mappings) {
        add(mapping.pages, sums[mapping.pages.page_size]);
    }
    std::vector<PagesOfSize> pages;
    pages.reserve(sums.size());
    for (auto& [size, sum] : sums) {
        pages.push_back(std::move(sum));
    }
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
