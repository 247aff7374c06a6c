#include "tools/common/processes.h"

#include "shim/base/text_file.h"
#include "tools/common/lines.h"
#include "tools/common/values.h"

#include <fmt/format.h>

#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <sstream>
#include <string_view>

namespace tools {
namespace {

constexpr std::size_t kMostPid = 4194304;  // PID_MAX_LIMIT
constexpr std::uint64_t kBytesOfKiB = 1024;

// "7f00-7f10 rw-s 00000000 00:1b 123    /mnt/huge/a file (deleted)", as smaps begins a mapping too; nothing
// if it isn't that.
std::optional<MappedArea> parse_mapping(const std::string& line) {
    constexpr std::string_view kDeleted = " (deleted)";
    MappedArea area;
    std::array<char, 5> permissions{};
    std::uint64_t offset = 0;
    unsigned major_number = 0;
    unsigned minor_number = 0;
    ino_t inode = 0;
    int length = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %4s %lx %x:%x %lu %n", &area.begin, &area.end, permissions.data(),
                    &offset, &major_number, &minor_number, &inode, &length) != 7) {
        return std::nullopt;
    }
    area.permissions = permissions.data();
    area.path = line.substr(static_cast<std::size_t>(length));
    if (area.path.ends_with(kDeleted)) {
        area.path.resize(area.path.size() - kDeleted.size());
    }
    if (inode != 0) {
        area.file = {makedev(major_number, minor_number), inode};
        area.first_byte = area.begin - offset;
    }
    return area;
}

// Of smaps: "Rss:                 128 kB".
void read_figure(const std::string& line, MappedArea& area) {
    std::array<char, 32> text{};
    std::uint64_t kib = 0;
    if (std::sscanf(line.c_str(), "%31[^:]: %lu", text.data(), &kib) != 2) {
        return;
    }
    const std::string_view name = text.data();
    const std::uint64_t bytes = kib * kBytesOfKiB;
    if (name == "KernelPageSize") {
        area.page_size = bytes;
    } else if (name == "Rss") {
        area.resident += bytes;
    } else if (name == "AnonHugePages" || name == "ShmemPmdMapped" || name == "FilePmdMapped") {
        area.transparent += bytes;
    } else if (name == "Shared_Hugetlb" || name == "Private_Hugetlb") {
        area.huge += bytes;
    }
}

// Of numa_maps: "7f00 bind:1 file=/mnt/huge/a\040file huge dirty=3 N0=1 N1=2 kernelpagesize_kB=2048".
void read_nodes(const std::string& line, std::vector<MappedArea>& areas) {
    std::istringstream words(line);
    std::uint64_t begin = 0;
    words >> std::hex >> begin;
    const auto area = std::ranges::upper_bound(areas, begin, {}, &MappedArea::end);
    if (!words || area == areas.end() || begin < area->begin) {
        return;
    }
    std::map<NodeId, std::uint64_t> pages_of;
    std::uint64_t page_kib = 4;
    for (std::string word; words >> word;) {
        int node = 0;
        std::uint64_t pages = 0;
        if (std::sscanf(word.c_str(), "N%d=%lu", &node, &pages) == 2) {
            pages_of[NodeId{node}] = pages;
        } else {
            static_cast<void>(std::sscanf(word.c_str(), "kernelpagesize_kB=%lu", &page_kib));
        }
    }
    for (const auto& [node, pages] : pages_of) {
        area->nodes[node] += pages * page_kib * kBytesOfKiB;
    }
}

// The kernel splits a mapping where protection or advice differ.
bool goes_on(const MappedArea& first, const MappedArea& second) {
    return first.end == second.begin && first.file && first.file == second.file &&
           first.first_byte == second.first_byte;
}

// errno; 0 if its mappings could be read: of maps, or of smaps, which tells of their pages. A process that
// has ended meanwhile, or is the kernel's, has none.
int read_areas(const std::string& path, std::vector<MappedArea>& areas) {
    const auto read = hugepage::for_each_line(path.c_str(), [&](std::string_view text) {
        const std::string line(text);
        auto area = parse_mapping(line);
        if (area && !areas.empty() && goes_on(areas.back(), *area)) {
            areas.back().end = area->end;
        } else if (area) {
            areas.push_back(std::move(*area));
        } else if (!areas.empty()) {
            read_figure(line, areas.back());
        }
    });
    return read ? 0 : read.error().code;
}

// By number. Throws Failure if they can't be listed.
std::set<pid_t> all_pids(const std::string& proc) {
    std::set<pid_t> pids;
    const auto listed = hugepage::for_each_entry(proc.c_str(), [&](std::string_view entry) {
        if (const auto pid = parse_count(entry, kMostPid)) {
            pids.insert(static_cast<pid_t>(*pid));
        }
    });
    if (!listed) {
        throw system_failure("list the processes in " + proc, listed.error().code);
    }
    return pids;
}

std::string command_of(const std::string& folder) {
    return hugepage::value_in(folder + "/comm").value_or("");
}

std::int64_t start_of(const std::string& folder) {
    constexpr int kStart = 22;  // field of the line; the second is the name, in brackets, with any bytes
    const std::string line = hugepage::value_in(folder + "/stat").value_or("");
    std::istringstream fields(line.substr(line.rfind(')') + 1));
    std::string start;
    for (int field = 2; field < kStart; ++field) {
        fields >> start;
    }
    const auto ticks = hugepage::parse_number(start, INT64_MAX);
    timespec up{};
    if (!ticks || ::clock_gettime(CLOCK_BOOTTIME, &up) != 0) {
        return 0;
    }
    return std::time(nullptr) - up.tv_sec + static_cast<std::int64_t>(*ticks) / ::sysconf(_SC_CLK_TCK);
}

// "12: FLOCK  ADVISORY  WRITE 21503 00:1b:1386432 0 EOF"; one that is waited for has an arrow before FLOCK.
void read_lock(const std::string& line, const std::set<FileId>& files, std::map<FileId, pid_t>& lockers) {
    unsigned major_number = 0;
    unsigned minor_number = 0;
    pid_t pid = 0;
    FileId file;
    if (std::sscanf(line.c_str(), "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &major_number, &minor_number,
                    &file.inode) != 4) {
        return;
    }
    file.device = makedev(major_number, minor_number);
    if (files.contains(file)) {
        lockers[file] = pid;
    }
}

}  // namespace

std::set<std::string> Process::shims() const {
    std::set<std::string> paths;
    for (const MappedArea& area : areas) {
        if (area.path.find("/libhugepage_shim") != std::string::npos) {
            paths.insert(area.path);
        }
    }
    return paths;
}

bool Process::has_heap_shim() const {
    return std::ranges::any_of(shims(), [](const std::string& path) {
        return path.find("/libhugepage_shim_heap") != std::string::npos;
    });
}

std::vector<pid_t> processes_named(const std::string& word, const std::string& proc) {
    constexpr std::size_t kCommLength = 15;
    if (const auto pid = parse_count(word, kMostPid)) {
        return {static_cast<pid_t>(*pid)};
    }
    if (word.find_first_not_of("0123456789") == std::string::npos) {
        refuse("--pid: '{}' is no process's number.", word);
    }
    std::vector<pid_t> pids;
    for (const pid_t pid : all_pids(proc)) {
        if (command_of(fmt::format("{}/{}", proc, pid)) == word.substr(0, kCommLength)) {
            pids.push_back(pid);
        }
    }
    if (pids.empty()) {
        fail("look for the process '{}': there is none.", word);
    }
    return pids;
}

Failure unreadable(pid_t pid, const std::string& path, int error) {
    if (error == ENOENT || error == ESRCH) {
        return {ExitCode::failed, fmt::format("look at process {}: there is no such process.", pid)};
    }
    return system_failure("read " + path, error,
                          exit_code_of(error) == ExitCode::no_permission
                              ? "type the same with sudo, or as the process's user"
                              : "");
}

Process read_process(pid_t pid, const std::string& proc) {
    const std::string folder = fmt::format("{}/{}", proc, pid);
    Process process{.pid = pid, .command = command_of(folder), .areas = {}, .threads = {}};
    if (const int error = read_areas(folder + "/smaps", process.areas); error != 0) {
        throw unreadable(pid, folder + "/smaps", error);
    }
    if (process.areas.empty()) {
        fail("look at process {}: it has no memory of its own; it has ended, or is the kernel's.", pid);
    }
    // Missing on a kernel without NUMA.
    static_cast<void>(hugepage::for_each_line((folder + "/numa_maps").c_str(), [&](std::string_view line) {
        read_nodes(std::string(line), process.areas);
    }));
    const std::string tasks = folder + "/task";
    static_cast<void>(hugepage::for_each_entry(tasks.c_str(), [&](std::string_view thread) {
        const std::string status = fmt::format("{}/{}/status", tasks, thread);
        if (const auto cpus = hugepage::value_in(status, "Cpus_allowed_list:")) {
            ++process.threads[*cpus];
        }
    }));
    return process;
}

Holders find_holders(const std::set<FileId>& files, const std::string& proc) {
    std::map<FileId, pid_t> lockers;
    const auto listed = hugepage::for_each_line((proc + "/locks").c_str(), [&](std::string_view line) {
        read_lock(std::string(line), files, lockers);
    });
    if (!listed) {
        throw system_failure(fmt::format("look in {}/locks for who holds the files", proc),
                             listed.error().code);
    }
    Holders found;
    for (const pid_t pid : all_pids(proc)) {
        const std::string folder = fmt::format("{}/{}", proc, pid);
        Process process{.pid = pid, .command = {}, .areas = {}, .threads = {}};
        const int error = read_areas(folder + "/maps", process.areas);
        found.unseen_processes += exit_code_of(error) == ExitCode::no_permission ? 1U : 0U;
        std::map<FileId, Holder> held;
        for (const MappedArea& area : process.areas) {
            if (area.file && files.contains(*area.file)) {
                held[*area.file].mapped_at.insert(area.first_byte);
            }
        }
        for (const auto& [file, locker] : lockers) {
            if (locker == pid) {
                held[file].has_locked = true;
            }
        }
        for (auto& [file, holder] : held) {
            holder.pid = pid;
            holder.command = command_of(folder);
            holder.running_since = start_of(folder);
            found.of_file[file].push_back(std::move(holder));
        }
        if (!process.shims().empty()) {
            process.command = command_of(folder);
            found.with_shim.push_back(std::move(process));
        }
    }
    // The lock outlives who took it, in a child that has inherited the mapping.
    for (const auto& [file, locker] : lockers) {
        std::vector<Holder>& holders = found.of_file[file];
        if (std::ranges::none_of(holders, &Holder::has_locked)) {
            holders.push_back({.pid = locker, .command = {}, .has_locked = true});
        }
    }
    return found;
}

}  // namespace tools
