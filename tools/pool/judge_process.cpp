// Processes: whether their big buffers are on huge pages of the right node.
#include "tools/common/values.h"
#include "tools/pool/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace ctl {
namespace {

// Page, of any machine. aarch64 with smaller ones has huge pages of that size.
constexpr std::uint64_t kLargestOrdinary = 65536;
// Mappings of at least this size are buffers, and all of huge pages.
constexpr std::uint64_t kSmallestBuffer = std::uint64_t{16} << 20;

const MemoryFile* pool_file_of(const MappedArea& area, const std::vector<Pool>& pools) {
    for (const Pool& pool : pools) {
        const auto found = std::ranges::find_if(
            pool.files, [&](const MemoryFile& file) { return area.file && file.id == *area.file; });
        if (found != pool.files.end()) {
            return &*found;
        }
    }
    return nullptr;
}

// Of the pools' files, and of those that are wanted; without any, those of sectors, as in HUGEPAGE_MODE=thp.
std::set<std::uint64_t> buffer_sizes(const std::vector<Pool>& pools) {
    std::set<std::uint64_t> sizes;
    for (const Pool& pool : pools) {
        for (const MemoryFile& file : pool.files) {
            if (file.size.bytes >= kSmallestBuffer) {
                sizes.insert(file.size.bytes);
            }
        }
        if (pool.wanted && pool.wanted->size.bytes >= kSmallestBuffer) {
            sizes.insert(pool.wanted->size.bytes);
        }
    }
    if (sizes.empty()) {
        sizes = {std::uint64_t{512} << 20, std::uint64_t{32} << 30, std::uint64_t{64} << 30};
    }
    return sizes;
}

// The C library's calloc puts a page before what it maps.
struct SizeMatch {
    ByteSize size;            // a file's; 0: none
    std::size_t buffers = 1;  // of that size: the kernel makes one mapping of two neighbours
    bool is_callocs = false;
};
SizeMatch match(const MappedArea& area, const std::set<std::uint64_t>& sizes) {
    const std::uint64_t bytes = area.size();
    const std::uint64_t most_before =
        std::max(std::uint64_t{16384}, std::min(area.page_size, kLargestOrdinary));
    for (const std::uint64_t size : sizes) {
        for (const std::uint64_t buffers : {1UL, 2UL}) {
            const std::uint64_t more = bytes - buffers * size;
            if (bytes >= buffers * size && more <= buffers * most_before) {
                return {{size}, buffers, more >= buffers * std::uint64_t{4096}};
            }
        }
    }
    return {};
}

bool goes_on(const MappedArea& first, const MappedArea& second) {
    return first.end == second.begin && !first.file && !second.file && first.path == second.path &&
           first.permissions == second.permissions;
}

void join(MappedArea& area, const MappedArea& next) {
    area.end = next.end;
    area.page_size = std::max(area.page_size, next.page_size);
    area.resident += next.resident;
    area.transparent += next.transparent;
    area.huge += next.huge;
    for (const auto& [node, bytes] : next.nodes) {
        area.nodes[node] += bytes;
    }
}

// The kernel splits a mapping where advice differs, and other memory may lie beside a buffer. So one buffer
// are those neighbours that together have a file's size; all others that lie beside each other are one area.
std::vector<MappedArea> join_neighbours(const std::vector<MappedArea>& areas,
                                        const std::set<std::uint64_t>& sizes) {
    const auto is_buffer = [&](const MappedArea& area) { return match(area, sizes).size.bytes > 0; };
    const std::uint64_t largest = 3 * *sizes.rbegin();
    std::vector<MappedArea> joined;
    bool is_open = false;  // the last one may go on
    for (auto first = areas.begin(); first != areas.end();) {
        MappedArea whole = *first;
        auto next = first + 1;
        while (!is_buffer(whole) && whole.size() < largest && next != areas.end() && goes_on(whole, *next) &&
               !is_buffer(*next)) {
            join(whole, *next++);
        }
        const bool is_whole = is_buffer(whole);
        const MappedArea& area = is_whole ? whole : *first;
        if (is_open && !is_whole && goes_on(joined.back(), area)) {
            join(joined.back(), area);
        } else {
            joined.push_back(area);
        }
        is_open = !is_whole;
        first = is_whole ? next : first + 1;
    }
    return joined;
}

bool has_huge_pages(const MappedArea& area, const Machine& machine) {
    return area.page_size > kLargestOrdinary || machine.has_page_size({area.page_size});
}

bool is_mostly_transparent(const MappedArea& area) {
    constexpr double kMostly = 0.95;
    return static_cast<double>(area.transparent) >= kMostly * static_cast<double>(area.present());
}

const char* backing_of(const MappedArea& area, bool is_huge, const MemoryFile* file) {
    if (file != nullptr) {
        return "pool_file";
    }
    if (is_huge) {
        const bool is_nameless = area.path.empty() || area.path.starts_with("/anon_hugepage");
        return is_nameless ? "huge_anonymous" : "huge_file";
    }
    return area.file ? "file" : "anonymous";
}

struct Fault {
    std::string what;
    std::string next;
};
Fault not_served(const BufferJudgement& buffer, const Process& process) {
    const std::string run = "hugepagectl run -- COMMAND";
    if (process.shims().empty()) {
        return {"the shim is not loaded", run};
    }
    if (buffer.is_callocs && !process.has_heap_shim()) {
        return {"asked for by calloc, which this library doesn't serve; libhugepage_shim_heap.so does",
                run + "   (preloads libhugepage_shim_heap.so)"};
    }
    return {"no file serves it; the shim's log says why",
            "grep hugepage_shim LOG   (what the sealer has on stderr, or its HUGEPAGE_LOG_FILE)"};
}

// Of a buffer that has a file's size.
Fault fault_of(const BufferJudgement& buffer, const Process& process) {
    const std::string_view state = state_of(buffer);
    if (state.empty() && buffer.file == nullptr) {
        return not_served(buffer, process);
    }
    if (state == "ordinary") {
        const Fault fault = not_served(buffer, process);
        return {fmt::format("it is in ordinary pages of {}: {}",
                            tools::page_size_text({buffer.area.page_size}), fault.what),
                fault.next};
    }
    if (state == "tmpfs") {
        return {"the pool is on tmpfs, which has no huge pages", kPlanFirst};
    }
    if (buffer.file != nullptr && buffer.node && *buffer.node != buffer.file->node) {
        return {fmt::format("its pages are on node {}, its file's folder says {}", buffer.node->value,
                            buffer.file->node.value),
                "hugepagectl verify"};
    }
    if (buffer.is_misplaced()) {
        return {fmt::format("it is on node {}, where no thread of the process may run", buffer.node->value),
                fmt::format("numactl --cpunodebind={} hugepagectl run -- COMMAND", buffer.node->value)};
    }
    return {};
}

}  // namespace

bool BufferJudgement::is_misplaced() const {
    return node && ((file != nullptr && *node != file->node) || threads_bound + threads_free == 0);
}

const char* state_of(const BufferJudgement& buffer) {
    const MappedArea& area = buffer.area;
    return !buffer.has_file_size() || area.page_size == 0  ? ""
           : buffer.file != nullptr                        ? (buffer.is_huge ? "served" : "tmpfs")
           : area.present() == 0                           ? "untouched"
           : buffer.is_huge || is_mostly_transparent(area) ? "thp"
                                                           : "ordinary";
}

std::vector<int> nodes_of(const std::string& cpus, const Machine& machine) {
    std::vector<int> nodes;
    const auto set = hugepage::parse_cpu_list(cpus);
    for (const Node& node : machine.nodes) {
        // A kernel without NUMA doesn't say which CPUs its only node has.
        if (set && (node.cpus.intersects(*set) || machine.nodes.size() == 1)) {
            nodes.push_back(node.id.value);
        }
    }
    return nodes;
}

std::vector<BufferJudgement> judge_buffers(const Process& process, const Machine& machine,
                                           const std::vector<Pool>& pools) {
    const auto sizes = buffer_sizes(pools);
    std::vector<BufferJudgement> buffers;
    for (const MappedArea& area : join_neighbours(process.areas, sizes)) {
        BufferJudgement buffer;
        buffer.area = area;
        buffer.file = pool_file_of(area, pools);
        buffer.is_huge = has_huge_pages(area, machine);
        const bool is_big = area.size() >= kSmallestBuffer && !area.permissions.starts_with("---");
        if (buffer.file == nullptr && !buffer.is_huge && !is_big) {
            continue;
        }
        buffer.backing = backing_of(area, buffer.is_huge, buffer.file);
        if (buffer.file != nullptr) {
            buffer.file_size = buffer.file->size;
        } else if (!area.file) {
            const SizeMatch matched = match(area, sizes);
            buffer.file_size = matched.size;
            buffer.buffers = matched.buffers;
            buffer.is_callocs = matched.is_callocs;
        }
        const auto most =
            std::ranges::max_element(area.nodes, {}, [](const auto& entry) { return entry.second; });
        if (most != area.nodes.end() && most->second > 0) {
            buffer.node = most->first;
            for (const auto& [cpus, threads] : process.threads) {
                const auto nodes = nodes_of(cpus, machine);
                if (std::ranges::find(nodes, buffer.node->value) != nodes.end()) {
                    (nodes.size() == 1 ? buffer.threads_bound : buffer.threads_free) += threads;
                }
            }
        }
        if (buffer.has_file_size()) {
            Fault fault = fault_of(buffer, process);
            buffer.fault = std::move(fault.what);
            buffer.next = std::move(fault.next);
        }
        buffers.push_back(std::move(buffer));
    }
    return buffers;
}

Findings judge_process(const Process& process, const std::vector<BufferJudgement>& buffers) {
    const std::string name = fmt::format("process {} {}", process.pid, process.command);
    const auto shims = process.shims();
    Findings findings;
    if (shims.empty()) {
        findings.push_back({"loading", Verdict::fail, name + " hasn't loaded the library",
                            "LD_PRELOAD has to be set when it is started, and its loader must heed it.",
                            "hugepagectl run -- COMMAND"});
    } else {
        findings.push_back({"loading", Verdict::ok, fmt::format("{} has {} loaded", name, *shims.begin())});
    }
    for (const BufferJudgement& buffer : buffers) {
        const std::string size = tools::size_text({buffer.area.size()});
        if (!buffer.fault.empty()) {
            findings.push_back(
                {"served", Verdict::warn,
                 fmt::format("{}: a buffer of {} at {:x}: {}", name, size, buffer.area.begin, buffer.fault),
                 "", buffer.next});
        } else if (buffer.file != nullptr) {
            findings.push_back(
                {"served", Verdict::ok, fmt::format("{}: {} by {}", name, size, buffer.file->path)});
        }
    }
    if (std::ranges::none_of(buffers, &BufferJudgement::has_file_size)) {
        findings.push_back({"served", Verdict::ok, name + ": no buffer has a memory file's size",
                            "None was asked for yet, or the pool's files have another size.", ""});
    }
    return findings;
}

}  // namespace ctl
