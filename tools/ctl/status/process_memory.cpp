#include "tools/ctl/status/process_memory.h"

#include "shim/core/node_id.h"
#include "shim/core/text_file.h"
#include "tools/ctl/base/parts.h"

#include <system_error>

#include <charconv>

namespace ctl {
namespace {

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
    MappedArea area;
    std::string_view rest = line;
    const std::string_view range = next_word(rest);
    const std::size_t dash = range.find('-');
    if (dash == std::string_view::npos) {
        return std::nullopt;
    }
    const auto begin = hexadecimal(range.substr(0, dash));
    const auto end = hexadecimal(range.substr(dash + 1));
    area.permissions = next_word(rest);
    const auto offset = hexadecimal(next_word(rest));
    if (!begin || !end || *end < *begin || area.permissions.size() != 4 || !offset) {
        return std::nullopt;
    }
    area.begin = *begin;
    area.end = *end;
    area.offset = *offset;
    if (const auto mapped = hugepage::parse_mapped_file(line)) {
        area.file = mapped->file;
    }
    next_word(rest);  // device
    next_word(rest);  // inode
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    area.is_deleted = rest.ends_with(kDeleted);
    if (area.is_deleted) {
        rest.remove_suffix(kDeleted.size());
    }
    area.path = rest;
    return area;
}

// "Rss:                 128 kB"
void read_figure(std::string_view line, MappedArea& area) {
    constexpr std::uint64_t kKiB = 1024;
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

std::vector<MappedArea> parse_smaps(std::string_view text) {
    std::vector<MappedArea> areas;
    for_each_part(text, '\n', [&](std::string_view line) {
        if (auto area = parse_head(line)) {
            areas.push_back(std::move(*area));
        } else if (!areas.empty()) {
            read_figure(line, areas.back());
        }
    });
    return areas;
}

std::map<std::uint64_t, BytesOfNodes> parse_numa_maps(std::string_view text) {
    constexpr std::uint64_t kKiB = 1024;
    constexpr std::string_view kPageSize = "kernelpagesize_kB=";
    std::map<std::uint64_t, BytesOfNodes> areas;
    for_each_part(text, '\n', [&](std::string_view line) {
        const auto begin = hexadecimal(next_word(line));
        if (!begin) {
            return;
        }
        BytesOfNodes pages;
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
            const auto count = hugepage::parse_number(word.substr(equals + 1), UINT64_MAX);
            if (node && count) {
                pages[hugepage::NodeId{static_cast<int>(*node)}] += *count;
            }
        }
        for (auto& [node, count] : pages) {
            count *= page_size;
        }
        areas[*begin] = pages;
    });
    return areas;
}

std::optional<std::string> parse_cpus_allowed(std::string_view status) {
    constexpr std::string_view kName = "Cpus_allowed_list:";
    std::optional<std::string> list;
    for_each_part(status, '\n', [&](std::string_view line) {
        if (line.starts_with(kName)) {
            list = std::string(hugepage::trimmed(line.substr(kName.size())));
        }
    });
    return list;
}

}  // namespace ctl
