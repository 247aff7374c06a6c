#include "tools/ctl/status/process_memory.h"

#include "shim/base/text_file.h"

#include <system_error>

#include <algorithm>
#include <charconv>
#include <utility>

namespace ctl {
namespace {

constexpr std::uint64_t kKiB = 1024;

std::string_view next_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    return word;
}

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    const bool whole = failure == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional(number) : std::nullopt;
}

// "7f00-7f10 rw-s 00000000 00:1b 123    /mnt/huge/a file (deleted)"; nothing if it isn't that.
std::optional<MappedArea> parse_head(std::string_view line) {
    constexpr std::string_view kDeleted = " (deleted)";
    std::string_view rest = line;
    const std::string_view range = next_word(rest);
    const std::size_t dash = std::min(range.find('-'), range.size());
    const auto begin = hexadecimal(range.substr(0, dash));
    const auto end = hexadecimal(range.substr(std::min(dash + 1, range.size())));
    MappedArea area;
    area.permissions = next_word(rest);
    if (!begin || !end || *end < *begin || area.permissions.size() != 4) {
        return std::nullopt;
    }
    area.begin = *begin;
    area.end = *end;
    area.file = hugepage::parse_mapped_file(line);
    for (int i = 0; i < 3; ++i) {
        next_word(rest);  // offset, device, inode
    }
    rest = hugepage::trimmed(rest);
    rest.remove_suffix(rest.ends_with(kDeleted) ? kDeleted.size() : 0);
    area.path = rest;
    return area;
}

// "Rss:                 128 kB"
void read_figure(std::string_view line, MappedArea& area) {
    const std::string_view name = next_word(line);
    const auto kib = hugepage::parse_number(next_word(line), UINT64_MAX / kKiB);
    if (!kib || next_word(line) != "kB") {
        return;
    }
    const std::uint64_t bytes = *kib * kKiB;
    if (name == "KernelPageSize:") {
        area.page_size = bytes;
    } else if (name == "Rss:") {
        area.resident = bytes;
    } else if (name == "AnonHugePages:" || name == "ShmemPmdMapped:" || name == "FilePmdMapped:") {
        area.transparent += bytes;
    } else if (name == "Shared_Hugetlb:" || name == "Private_Hugetlb:") {
        area.huge += bytes;
    }
}

}  // namespace

void read_smaps_line(std::string_view line, std::vector<MappedArea>& areas) {
    if (auto area = parse_head(line)) {
        areas.push_back(std::move(*area));
    } else if (!areas.empty()) {
        read_figure(line, areas.back());
    }
}

void read_numa_maps_line(std::string_view line, std::vector<MappedArea>& areas) {
    constexpr std::string_view kPageSize = "kernelpagesize_kB=";
    const auto begin = hexadecimal(next_word(line));
    const auto area = std::ranges::lower_bound(areas, begin.value_or(UINT64_MAX), {}, &MappedArea::begin);
    if (!begin || area == areas.end() || area->begin != *begin) {
        return;
    }
    std::uint64_t page_size = 4 * kKiB;
    next_word(line);  // the policy
    // Blanks in a path are written as \040, so no word of one is taken for another's.
    for (std::string_view word; !(word = next_word(line)).empty();) {
        if (word.starts_with(kPageSize)) {
            const auto kib = hugepage::parse_number(word.substr(kPageSize.size()), UINT64_MAX / kKiB);
            page_size = kib ? *kib * kKiB : page_size;
            continue;
        }
        const std::size_t equals = word.find('=');
        if (!word.starts_with('N') || equals == std::string_view::npos) {
            continue;
        }
        const auto node = hugepage::parse_number(word.substr(1, equals - 1), hugepage::kMaxNodes - 1);
        const auto pages = hugepage::parse_number(word.substr(equals + 1), UINT64_MAX);
        if (node && pages) {
            area->nodes[hugepage::NodeId{static_cast<int>(*node)}] += *pages;
        }
    }
    for (auto& [node, bytes] : area->nodes) {
        bytes *= page_size;
    }
}

}  // namespace ctl
