#include "tools/pool/process.h"

#include "shim/base/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/lines.h"
#include "tools/common/values.h"

#include <fmt/format.h>

#include <system_error>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <set>
#include <string_view>

namespace ctl {
namespace {

constexpr std::size_t kMostPid = 4194304;  // PID_MAX_LIMIT
constexpr std::uint64_t kBytesOfKiB = 1024;

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
    const auto kib = hugepage::parse_number(next_word(line), UINT64_MAX / kBytesOfKiB);
    if (!kib || next_word(line) != "kB") {
        return;
    }
    const std::uint64_t bytes = *kib * kBytesOfKiB;
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

template <class Visit>
void read_lines(pid_t pid, const std::string& path, const Visit& visit) {
    const auto read = hugepage::for_each_line(path.c_str(), visit);
    if (read) {
        return;
    }
    const int error = read.error().code;
    if (error == ENOENT || error == ESRCH) {
        throw tools::Failure(tools::ExitCode::failed,
                             fmt::format("look at process {}: there is no such process.", pid));
    }
    throw tools::system_failure(
        "read " + path, error,
        error == EACCES || error == EPERM ? "type the same with sudo, or as the process's user" : "");
}

// The kernel splits a mapping where protection or advice differ.
bool goes_on(const MappedArea& first, const MappedArea& second) {
    return first.end == second.begin && first.file.has_value() == second.file.has_value() &&
           first.path == second.path && first.page_size == second.page_size &&
           (first.file
                ? first.file->file == second.file->file && first.file->first_byte == second.file->first_byte
                : first.permissions == second.permissions);
}

std::vector<MappedArea> joined(std::vector<MappedArea> areas) {
    std::vector<MappedArea> result;
    for (MappedArea& area : areas) {
        if (result.empty() || !goes_on(result.back(), area)) {
            result.push_back(std::move(area));
            continue;
        }
        MappedArea& whole = result.back();
        whole.end = area.end;
        whole.resident += area.resident;
        whole.transparent += area.transparent;
        whole.huge += area.huge;
        for (const auto& [node, bytes] : area.nodes) {
            whole.nodes[node] += bytes;
        }
    }
    return result;
}

// Calls for each process, in no order.
template <class Visit>
void for_each_process(const Root& root, const Visit& visit) {
    static_cast<void>(hugepage::for_each_entry(root.proc.c_str(), [&](std::string_view entry) {
        if (const auto pid = tools::parse_count(entry, kMostPid)) {
            visit(static_cast<pid_t>(*pid), fmt::format("{}/{}", root.proc, entry));
        }
    }));
}

std::string command_of(const std::string& folder) {
    std::string command;
    static_cast<void>(
        hugepage::for_each_line((folder + "/comm").c_str(), [&](std::string_view line) { command = line; }));
    return command;
}

std::vector<std::string> shims_in(const std::vector<MappedArea>& areas) {
    std::set<std::string> paths;
    for (const MappedArea& area : areas) {
        if (area.path.find("/libhugepage_shim") != std::string::npos) {
            paths.insert(area.path);
        }
    }
    return {paths.begin(), paths.end()};
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
    std::uint64_t page_size = 4 * kBytesOfKiB;
    next_word(line);  // the policy
    // Blanks in a path are written as \040, so no word of one is taken for another's.
    for (std::string_view word; !(word = next_word(line)).empty();) {
        if (word.starts_with(kPageSize)) {
            const auto kib = hugepage::parse_number(word.substr(kPageSize.size()), UINT64_MAX / kBytesOfKiB);
            page_size = kib ? *kib * kBytesOfKiB : page_size;
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

bool Process::has_heap_shim() const {
    return std::ranges::any_of(
        shims, [](const auto& path) { return path.find("/libhugepage_shim_heap") != std::string::npos; });
}

std::vector<pid_t> processes_named(const std::string& word, const Root& root) {
    constexpr std::size_t kCommLength = 15;
    if (const auto pid = tools::parse_count(word, kMostPid)) {
        return {static_cast<pid_t>(*pid)};
    }
    if (word.find_first_not_of("0123456789") == std::string::npos) {
        tools::refuse(fmt::format("--pid: '{}' is no process's number.", word));
    }
    std::vector<pid_t> pids;
    for_each_process(root, [&](pid_t pid, const std::string& folder) {
        if (command_of(folder) == word.substr(0, kCommLength)) {
            pids.push_back(pid);
        }
    });
    if (pids.empty()) {
        throw tools::Failure(tools::ExitCode::failed,
                             fmt::format("look for the process '{}': there is none.", word));
    }
    std::ranges::sort(pids);
    return pids;
}

Process read_process(pid_t pid, const Root& root) {
    constexpr std::string_view kCpus = "Cpus_allowed_list:";
    const std::string folder = fmt::format("{}/{}", root.proc, pid);
    Process process;
    process.pid = pid;
    read_lines(pid, folder + "/comm", [&](std::string_view line) { process.command = line; });
    std::vector<MappedArea> areas;
    read_lines(pid, folder + "/smaps", [&](std::string_view line) { read_smaps_line(line, areas); });
    if (areas.empty()) {
        throw tools::Failure(
            tools::ExitCode::failed,
            fmt::format("look at process {}: it has no memory of its own; it has ended, or is the kernel's.",
                        pid));
    }
    // Missing on a kernel without NUMA.
    static_cast<void>(hugepage::for_each_line(
        (folder + "/numa_maps").c_str(), [&](std::string_view line) { read_numa_maps_line(line, areas); }));
    process.shims = shims_in(areas);
    process.areas = joined(std::move(areas));
    const std::string tasks = folder + "/task";
    static_cast<void>(hugepage::for_each_entry(tasks.c_str(), [&](std::string_view thread) {
        const std::string status = fmt::format("{}/{}/status", tasks, thread);
        static_cast<void>(hugepage::for_each_line(status.c_str(), [&](std::string_view line) {
            if (line.starts_with(kCpus)) {
                ++process.threads[std::string(hugepage::trimmed(line.substr(kCpus.size())))];
            }
        }));
    }));
    return process;
}

std::vector<Process> read_shim_processes(const Root& root) {
    std::vector<Process> found;
    for_each_process(root, [&](pid_t pid, const std::string& folder) {
        std::vector<MappedArea> areas;
        static_cast<void>(hugepage::for_each_line(
            (folder + "/maps").c_str(), [&](std::string_view line) { read_smaps_line(line, areas); }));
        if (auto shims = shims_in(areas); !shims.empty()) {
            found.push_back({pid, command_of(folder), std::move(shims), joined(std::move(areas)), {}});
        }
    });
    std::ranges::sort(found, {}, &Process::pid);
    return found;
}

}  // namespace ctl
