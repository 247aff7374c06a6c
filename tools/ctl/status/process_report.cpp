#include "tools/ctl/status/process_report.h"

#include "shim/core/id_set.h"
#include "tools/common/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace ctl {
namespace {

constexpr std::uint64_t kSmallestBuffer = std::uint64_t{16} << 20;
constexpr std::uint64_t kLargestOrdinary = 65536;  // page, of any machine

const SurveyedFile* pool_file_of(const MappedArea& area, const std::vector<PoolSurvey>& pools) {
    for (const PoolSurvey& pool : pools) {
        const auto found = std::ranges::find_if(
            pool.files, [&](const SurveyedFile& file) { return area.file && file.id == *area.file; });
        if (found != pool.files.end()) {
            return &*found;
        }
    }
    return nullptr;
}

// calloc puts a page before what it maps, and the kernel makes one mapping of two neighbours.
bool has_file_size(std::uint64_t bytes, const std::set<std::uint64_t>& sizes) {
    constexpr std::uint64_t kMost = 16384;
    return std::ranges::any_of(sizes, [&](std::uint64_t size) {
        return size >= kSmallestBuffer && ((bytes >= size && bytes - size <= kMost) ||
                                           (bytes >= 2 * size && bytes - 2 * size <= 2 * kMost));
    });
}

bool is_huge(const MappedArea& area) {
    return area.page_size > kLargestOrdinary;
}

Buffer::Backing backing_of(const MappedArea& area, const SurveyedFile* pool_file) {
    if (pool_file != nullptr) {
        return Buffer::Backing::pool_file;
    }
    if (is_huge(area)) {
        const bool is_nameless = area.path.empty() || area.path.starts_with("/anon_hugepage");
        return is_nameless ? Buffer::Backing::huge_anonymous : Buffer::Backing::huge_file;
    }
    return area.file ? Buffer::Backing::file : Buffer::Backing::anonymous;
}

// The kernel splits a mapping where protection or advice differ.
bool goes_on(const MappedArea& first, const MappedArea& second) {
    return first.end == second.begin && first.file == second.file && first.path == second.path &&
           first.page_size == second.page_size &&
           (!first.file || first.offset + (first.end - first.begin) == second.offset) &&
           (first.file || first.permissions == second.permissions);
}

std::vector<NodeId> nodes_of(const std::string& cpu_list, const Machine& machine) {
    std::vector<NodeId> nodes;
    const auto cpus = hugepage::parse_cpu_list(cpu_list);
    for (const Node& node : machine.nodes) {
        // A kernel without NUMA doesn't say which CPUs its only node has.
        if (cpus && (node.cpus.intersects(*cpus) || machine.nodes.size() == 1)) {
            nodes.push_back(node.id);
        }
    }
    return nodes;
}

void count_threads(Buffer& buffer, const std::vector<CpuGroup>& groups) {
    const auto node = buffer.main_node();
    for (const CpuGroup& group : groups) {
        if (node && std::ranges::find(group.nodes, *node) != group.nodes.end()) {
            std::size_t& count = group.nodes.size() == 1 ? buffer.threads_bound : buffer.threads_free;
            count += group.threads;
        }
    }
}

std::string fault_of(const Buffer& buffer, const SurveyedFile* file) {
    constexpr double kMostlyHuge = 0.95;
    const bool is_ordinary = buffer.page_size.bytes <= kLargestOrdinary;
    if (file == nullptr && buffer.backing == Buffer::Backing::anonymous && buffer.present > 0 &&
        static_cast<double>(buffer.transparent) < kMostlyHuge * static_cast<double>(buffer.present)) {
        return fmt::format("it is in ordinary pages of {}: the shim did not serve it; its log says why",
                           tools::page_size_text(buffer.page_size));
    }
    if (file != nullptr && is_ordinary) {
        return "the pool is on tmpfs, which has no huge pages";
    }
    const auto node = buffer.main_node();
    if (file != nullptr && node && *node != file->node) {
        return fmt::format(
            "its pages are on node {}, its file's folder says {}; 'hugepagectl verify' tells more",
            node->value, file->node.value);
    }
    if (node && buffer.threads_bound + buffer.threads_free == 0) {
        return fmt::format("it is on node {}, where no thread of the process may run", node->value);
    }
    return {};
}

}  // namespace

std::optional<NodeId> Buffer::main_node() const {
    const auto most = std::ranges::max_element(nodes, {}, [](const auto& entry) { return entry.second; });
    return most != nodes.end() && most->second > 0 ? std::optional(most->first) : std::nullopt;
}

ProcessReport judge(const ProcessFacts& process, const Machine& machine,
                    const std::vector<PoolSurvey>& pools) {
    ProcessReport report{process.pid, process.command, {}, {}, {}, 0};
    for (const auto& [cpus, threads] : process.cpu_lists) {
        report.threads.push_back({cpus, threads, nodes_of(cpus, machine)});
    }
    std::set<std::uint64_t> sizes;
    for (const PoolSurvey& pool : pools) {
        for (const SurveyedFile& file : pool.files) {
            sizes.insert(file.size.bytes);
        }
    }
    const auto on_nodes = parse_numa_maps(process.numa_maps);
    const auto areas = parse_smaps(process.smaps);
    for (std::size_t i = 0; i < areas.size();) {
        const MappedArea& first = areas[i];
        const SurveyedFile* file = pool_file_of(first, pools);
        Buffer buffer;
        buffer.begin = first.begin;
        buffer.backing = backing_of(first, file);
        buffer.path = first.path;
        buffer.name = file != nullptr ? file->name : "";
        buffer.page_size = {first.page_size};
        do {
            buffer.end = areas[i].end;
            buffer.present += areas[i].resident + areas[i].huge;
            buffer.transparent += areas[i].transparent;
            if (const auto found = on_nodes.find(areas[i].begin); found != on_nodes.end()) {
                for (const auto& [node, bytes] : found->second) {
                    buffer.nodes[node] += bytes;
                }
            }
            ++i;
        } while (i < areas.size() && goes_on(areas[i - 1], areas[i]));

        if (report.shim.empty() && first.path.find("/libhugepage_shim") != std::string::npos) {
            report.shim = first.path;
        }
        const bool is_reserve = first.permissions.starts_with("---");
        const bool is_big = buffer.end - buffer.begin >= kSmallestBuffer;
        if (!is_huge(first) && file == nullptr && (!is_big || is_reserve)) {
            continue;
        }
        buffer.has_file_size =
            file != nullptr || (!first.file && has_file_size(buffer.end - buffer.begin, sizes));
        count_threads(buffer, report.threads);
        if (buffer.has_file_size) {
            buffer.fault = fault_of(buffer, file);
            report.faults += buffer.fault.empty() ? 0U : 1U;
        }
        report.buffers.push_back(std::move(buffer));
    }
    return report;
}

}  // namespace ctl
