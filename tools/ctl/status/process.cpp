#include "tools/ctl/status/process.h"

#include "shim/base/ids.h"
#include "shim/base/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/lines.h"
#include "tools/common/values.h"
#include "tools/common/wording.h"
#include "tools/ctl/status/process_memory.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <set>

namespace ctl {
namespace {

constexpr std::uint64_t kSmallestBuffer = std::uint64_t{16} << 20;
constexpr std::uint64_t kLargestOrdinary = 65536;  // page, of any machine

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

std::vector<MappedArea> areas_of(pid_t pid, const std::string& folder) {
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
    return areas;
}

struct CpuGroup {
    std::size_t threads = 0;
    std::vector<int> nodes;  // that the CPUs lie in
};
// By CPUs, "0-15".
std::map<std::string, CpuGroup> threads_of(const std::string& folder, const Machine& machine) {
    constexpr std::string_view kName = "Cpus_allowed_list:";
    std::map<std::string, CpuGroup> groups;
    const std::string tasks = folder + "/task";
    static_cast<void>(hugepage::for_each_entry(tasks.c_str(), [&](std::string_view thread) {
        const std::string status = fmt::format("{}/{}/status", tasks, thread);
        static_cast<void>(hugepage::for_each_line(status.c_str(), [&](std::string_view line) {
            if (line.starts_with(kName)) {
                ++groups[std::string(hugepage::trimmed(line.substr(kName.size())))].threads;
            }
        }));
    }));
    for (auto& [list, group] : groups) {
        const auto cpus = hugepage::parse_cpu_list(list);
        for (const Node& node : machine.nodes) {
            // A kernel without NUMA doesn't say which CPUs its only node has.
            if (cpus && (node.cpus.intersects(*cpus) || machine.nodes.size() == 1)) {
                group.nodes.push_back(node.id.value);
            }
        }
    }
    return groups;
}

const SurveyedFile* pool_file_of(const MappedArea& area, const std::vector<PoolSurvey>& pools) {
    for (const PoolSurvey& pool : pools) {
        const auto found = std::ranges::find_if(
            pool.files, [&](const SurveyedFile& file) { return area.file && file.id == area.file->file; });
        if (found != pool.files.end()) {
            return &*found;
        }
    }
    return nullptr;
}

// calloc puts a page before what it maps, and the kernel makes one mapping of two neighbours.
bool has_file_size(std::uint64_t bytes, const std::vector<PoolSurvey>& pools) {
    constexpr std::uint64_t kMost = 16384;
    return std::ranges::any_of(pools, [&](const PoolSurvey& pool) {
        return std::ranges::any_of(pool.files, [&](const SurveyedFile& file) {
            const std::uint64_t size = file.size.bytes;
            return size >= kSmallestBuffer && ((bytes >= size && bytes - size <= kMost) ||
                                               (bytes >= 2 * size && bytes - 2 * size <= 2 * kMost));
        });
    });
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

const char* backing_of(const MappedArea& area, const SurveyedFile* file) {
    if (file != nullptr) {
        return "pool_file";
    }
    if (area.page_size > kLargestOrdinary) {
        const bool is_nameless = area.path.empty() || area.path.starts_with("/anon_hugepage");
        return is_nameless ? "huge_anonymous" : "huge_file";
    }
    return area.file ? "file" : "anonymous";
}

// The one that has the most of it.
std::optional<NodeId> main_node(const MappedArea& area) {
    const auto most =
        std::ranges::max_element(area.nodes, {}, [](const auto& entry) { return entry.second; });
    return most != area.nodes.end() && most->second > 0 ? std::optional(most->first) : std::nullopt;
}

// What is wrong with a buffer of a file's size; empty: nothing.
std::string fault_of(const MappedArea& area, const SurveyedFile* file, bool has_threads) {
    constexpr double kMostlyHuge = 0.95;
    const bool is_ordinary = area.page_size <= kLargestOrdinary;
    if (file == nullptr && is_ordinary && !area.file && area.present() > 0 &&
        static_cast<double>(area.transparent) < kMostlyHuge * static_cast<double>(area.present())) {
        return fmt::format("it is in ordinary pages of {}: the shim did not serve it; its log says why",
                           tools::page_size_text({area.page_size}));
    }
    if (file != nullptr && is_ordinary) {
        return "the pool is on tmpfs, which has no huge pages";
    }
    const auto node = main_node(area);
    if (file != nullptr && node && *node != file->node) {
        return fmt::format(
            "its pages are on node {}, its file's folder says {}; 'hugepagectl verify' tells more",
            node->value, file->node.value);
    }
    if (node && !has_threads) {
        return fmt::format("it is on node {}, where no thread of the process may run", node->value);
    }
    return {};
}

Json buffer_json(const MappedArea& area, const SurveyedFile* file, bool has_file_size,
                 const std::map<std::string, CpuGroup>& groups) {
    Json nodes = Json::array();
    for (const auto& [node, bytes] : area.nodes) {
        nodes.push_back({{"node", node.value}, {"bytes", bytes}});
    }
    // Of its main node: threads bound to that node's CPUs alone, and others that may run there.
    std::size_t bound = 0;
    std::size_t free = 0;
    const auto node = main_node(area);
    for (const auto& [cpus, group] : groups) {
        if (node && std::ranges::find(group.nodes, node->value) != group.nodes.end()) {
            (group.nodes.size() == 1 ? bound : free) += group.threads;
        }
    }
    const std::string fault = has_file_size ? fault_of(area, file, bound + free > 0) : "";
    return {{"begin", area.begin},
            {"end", area.end},
            {"size_bytes", area.size()},
            {"backing", backing_of(area, file)},
            {"path", area.path},
            {"name", file != nullptr ? file->name : area.path},
            {"page_bytes", area.page_size},
            {"present_bytes", area.present()},
            {"transparent_bytes", area.transparent},
            {"nodes", nodes},
            {"main_node", node ? Json(node->value) : Json()},
            {"has_file_size", has_file_size},
            {"threads_bound", bound},
            {"threads_free", free},
            {"fault", fault.empty() ? Json() : Json(fault)}};
}

}  // namespace

std::vector<pid_t> processes_named(const std::string& word, const std::string& proc) {
    constexpr std::size_t kMostPid = 4194304;  // PID_MAX_LIMIT
    constexpr std::size_t kCommLength = 15;
    if (const auto pid = tools::parse_count(word, kMostPid)) {
        return {static_cast<pid_t>(*pid)};
    }
    if (word.find_first_not_of("0123456789") == std::string::npos) {
        tools::refuse(fmt::format("--pid: '{}' is no process's number.", word));
    }
    std::vector<pid_t> pids;
    static_cast<void>(hugepage::for_each_entry(proc.c_str(), [&](std::string_view entry) {
        const auto pid = tools::parse_count(entry, kMostPid);
        const std::string comm = fmt::format("{}/{}/comm", proc, entry);
        static_cast<void>(hugepage::for_each_line(comm.c_str(), [&](std::string_view line) {
            if (pid && line == word.substr(0, kCommLength)) {
                pids.push_back(static_cast<pid_t>(*pid));
            }
        }));
    }));
    if (pids.empty()) {
        throw tools::Failure(tools::ExitCode::failed,
                             fmt::format("look for the process '{}': there is none.", word));
    }
    std::ranges::sort(pids);
    return pids;
}

Json process_report(pid_t pid, const Machine& machine, const std::vector<PoolSurvey>& pools,
                    const std::string& proc) {
    const std::string folder = fmt::format("{}/{}", proc, pid);
    std::string command;
    read_lines(pid, folder + "/comm", [&](std::string_view line) { command = line; });
    const auto areas = areas_of(pid, folder);
    const auto groups = threads_of(folder, machine);
    Json threads = Json::array();
    for (const auto& [cpus, group] : groups) {
        threads.push_back({{"cpus", cpus}, {"threads", group.threads}, {"nodes", group.nodes}});
    }
    Json shim;  // path of the shim's library in the process
    Json buffers = Json::array();
    std::size_t faults = 0;
    for (const MappedArea& area : joined(areas)) {
        if (shim.is_null() && area.path.find("/libhugepage_shim") != std::string::npos) {
            shim = area.path;
        }
        const SurveyedFile* file = pool_file_of(area, pools);
        const bool is_buffer = area.size() >= kSmallestBuffer && !area.permissions.starts_with("---");
        if (file == nullptr && area.page_size <= kLargestOrdinary && !is_buffer) {
            continue;
        }
        const bool is_of_file_size = file != nullptr || (!area.file && has_file_size(area.size(), pools));
        buffers.push_back(buffer_json(area, file, is_of_file_size, groups));
        faults += buffers.back().at("fault").is_null() ? 0U : 1U;
    }
    return {{"pid", pid},         {"command", command}, {"shim", shim},
            {"threads", threads}, {"buffers", buffers}, {"faults", faults}};
}

}  // namespace ctl
