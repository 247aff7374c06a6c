#include "tools/ctl/findings.h"
#include "tools/ctl/status.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace ctl {
namespace {

using SizeOnNode = std::pair<ByteSize, NodeId>;

Json file_json(const MemoryFile& file, const FileJudgement& judged) {
    constexpr const char* kFileSystems[] = {"hugetlbfs", "tmpfs", "other"};
    const bool is_ok = judged.finding.verdict == Verdict::ok;
    return {{"path", file.path},
            {"name", file.name},
            {"node", file.node.value},
            {"size_bytes", file.size.bytes},
            {"allocated_bytes", file.allocated.bytes},
            {"page_bytes", file.file_system.page_size.bytes},
            {"file_system", kFileSystems[static_cast<std::size_t>(file.file_system.kind)]},
            {"owner_id", file.owner},
            {"mode", file.mode},
            {"state", judged.state},
            {"verdict", name_of(judged.finding.verdict)},
            {"finding", is_ok ? Json() : Json(judged.finding)},
            {"pages_checked", file.placement ? Json(file.placement->checked) : Json()},
            {"pages_elsewhere", file.placement ? Json(file.placement->elsewhere) : Json()},
            {"holders", holders_json(file)}};
}

// The files of one size on one node; those that are wanted may not be there.
using Groups = std::map<std::pair<NodeId, ByteSize>, Json>;

Json& group_in(Groups& groups, NodeId node, ByteSize size, const Pool& pool) {
    Json& group = groups[{node, size}];
    if (group.is_null()) {
        group = {{"node", node.value}, {"size_bytes", size.bytes}};
        for (const char* count : {"files", "free", "leased", "unusable", "unknown", "pages_checked",
                                  "pages_elsewhere", "oldest_holder_seconds"}) {
            group[count] = 0;
        }
        group["files_wanted"] = pool.wanted ? Json(0) : Json();
        group["unusable_reasons"] = Json::object();
    }
    return group;
}

void add_to_group(Json& group, const MemoryFile& file, const FileJudgement& judged, std::int64_t now) {
    add_to(group, "files", 1);
    add_to(group, judged.state.c_str(), 1);
    if (judged.state == "unusable") {
        Json& reasons = group["unusable_reasons"];
        reasons[judged.finding.id] = reasons.value(judged.finding.id, 0) + 1;
    }
    if (file.placement) {
        add_to(group, "pages_checked", file.placement->checked);
        add_to(group, "pages_elsewhere", file.placement->elsewhere);
    }
    for (const tools::Holder& holder : file.holders) {
        if (judged.state == "leased" && holder.running_since != 0) {
            group["oldest_holder_seconds"] =
                std::max(group.at("oldest_holder_seconds").get<std::int64_t>(), now - holder.running_since);
        }
    }
}

Json pool_json(const Pool& pool, std::int64_t now) {
    Groups groups;
    Json files = Json::array();
    if (pool.wanted) {
        for (const pool::Share& share : pool.wanted->shares) {
            group_in(groups, share.node, pool.wanted->size, pool)["files_wanted"] = share.files;
        }
    }
    for (const MemoryFile& file : pool.files) {
        const FileJudgement judged = judge(file, pool);
        files.push_back(file_json(file, judged));
        if (file.size.bytes > 0) {
            add_to_group(group_in(groups, file.node, file.size, pool), file, judged, now);
        }
    }
    return {{"name", name_of(pool.choice.pattern)},
            {"pattern", std::string(pool.choice.pattern.text())},
            {"source", pool.choice.source},
            {"user_id", pool.user.id},
            {"groups", list_of(groups, [](const auto& group) { return group.second; })},
            {"files", std::move(files)},
            {"findings", judge_folders(pool)}};
}

// In the pools' files, each file once. Where only some pages of a file were looked at, they stand for all.
std::map<SizeOnNode, std::uint64_t> pages_in_files(const std::vector<Pool>& pools) {
    std::map<SizeOnNode, std::uint64_t> pages;
    std::set<tools::FileId> seen;
    for (const Pool& pool : pools) {
        for (const MemoryFile& file : pool.files) {
            const ByteSize page_size = file.file_system.page_size;
            if (file.file_system.kind != hugepage::FileSystem::Kind::hugetlbfs || page_size.bytes == 0 ||
                !seen.insert(file.id).second) {
                continue;
            }
            const std::uint64_t all = file.allocated.bytes / page_size.bytes;
            std::uint64_t elsewhere = 0;
            if (file.placement && file.placement->checked > 0) {
                elsewhere = all * file.placement->elsewhere / file.placement->checked;
                pages[{page_size, file.placement->other}] += elsewhere;
            }
            pages[{page_size, file.node}] += all - elsewhere;
        }
    }
    return pages;
}

// Sizes of which a node has any, by size, then node. total = free + files + other.
Json pages_json(const Machine& machine, const std::vector<Pool>& pools) {
    auto in_files = pages_in_files(pools);
    Json rows = Json::array();
    for (const ByteSize size : machine.page_sizes) {
        for (const Node& node : machine.nodes) {
            const Pages pages = node.pages_of(size);
            if (pages.total == 0) {
                continue;
            }
            const std::uint64_t used = pages.total - std::min(pages.free, pages.total);
            const std::uint64_t files = std::min(in_files[{size, node.id}], used);
            rows.push_back({{"node", node.id.value},
                            {"page_bytes", size.bytes},
                            {"total_bytes", pages.total * size.bytes},
                            {"files_bytes", files * size.bytes},
                            {"other_bytes", (used - files) * size.bytes},
                            {"free_bytes", (pages.total - used) * size.bytes},
                            {"surplus_bytes", pages.surplus * size.bytes}});
        }
    }
    return rows;
}

Json buffer_json(const BufferJudgement& buffer) {
    const MappedArea& area = buffer.area;
    const std::string state = state_of(buffer);
    const auto node_json = [](const auto& node) {
        return Json{{"node", node.first.value}, {"bytes", node.second}};
    };
    return {{"begin", area.begin},
            {"end", area.end},
            {"size_bytes", area.size()},
            {"backing", buffer.backing},
            {"path", area.path},
            {"name", buffer.file != nullptr ? buffer.file->name : area.path},
            {"page_bytes", area.page_size},
            {"present_bytes", area.present()},
            {"transparent_bytes", area.transparent},
            {"nodes", list_of(area.nodes, node_json)},
            {"main_node", buffer.node ? Json(buffer.node->value) : Json()},
            {"has_file_size", buffer.has_file_size()},
            {"is_callocs", buffer.is_callocs},
            {"file_bytes", buffer.has_file_size() ? Json(buffer.file_size.bytes) : Json()},
            {"buffers", buffer.buffers},
            {"state", state.empty() ? Json() : Json(state)},
            {"is_misplaced", buffer.is_misplaced()},
            {"threads_bound", buffer.threads_bound},
            {"threads_free", buffer.threads_free},
            {"fault", buffer.fault.empty() ? Json() : Json(buffer.fault)}};
}

}  // namespace

Json holders_json(const MemoryFile& file) {
    return list_of(file.holders, [](const tools::Holder& holder) {
        return Json{{"pid", holder.pid},
                    {"command", holder.command},
                    {"has_locked", holder.has_locked},
                    {"has_mapped", holder.has_mapped()},
                    {"running_since", holder.running_since}};
    });
}

Json status_report(const StatusFacts& facts) {
    Machine shown = facts.machine;
    std::erase_if(shown.nodes,
                  [&](const Node& node) { return facts.nodes && !facts.nodes->contains(node.id); });
    const auto reserved = [](const auto& promised) {
        const auto& [size, pages] = promised;
        return Json{{"page_bytes", size.bytes}, {"reserved_bytes", pages * size.bytes}};
    };
    Json report = {
        {"time", facts.now},
        {"all_pages", facts.all_pages},
        {"ok", 0},
        {"warn", 0},
        {"fail", 0},
        {"unseen", 0},
        {"pages", pages_json(shown, facts.pools)},
        {"reserved", list_of(facts.machine.promised, reserved)},
        {"pools", list_of(facts.pools, [&](const Pool& pool) { return pool_json(pool, facts.now); })},
        {"processes", list_of(facts.processes,
                              [&](const Process& process) {
                                  return process_report(process, facts.machine, facts.pools);
                              })},
        {"findings", judge_surplus(shown)},
        {"unseen_processes", facts.unseen_processes},
        {"sees_all_processes",
         std::ranges::all_of(facts.pools, [](const Pool& pool) { return pool.sees_holders; })}};
    for (const Json& pool : report["pools"]) {
        for (const char* key : {"files", "findings"}) {
            for (const Json& judged : pool.at(key)) {
                add_to(report, judged.at("verdict").get<std::string>().c_str(), 1);
            }
        }
    }
    return report;
}

Json process_report(const Process& process, const Machine& machine, const std::vector<Pool>& pools) {
    const auto buffers = judge_buffers(process, machine, pools);
    const auto threads = [&](const auto& group) {
        const auto& [cpus, count] = group;
        return Json{{"cpus", cpus}, {"threads", count}, {"nodes", nodes_of(cpus, machine)}};
    };
    return {
        {"pid", process.pid},
        {"command", process.command},
        {"shim", process.shims().empty() ? Json() : Json(*process.shims().rbegin())},
        {"serves_calloc", process.has_heap_shim()},
        {"threads", list_of(process.threads, threads)},
        {"buffers", list_of(buffers, buffer_json)},
        {"faults", std::ranges::count_if(buffers, [](const auto& buffer) { return !buffer.fault.empty(); })},
        {"findings", judge_process(process, buffers)}};
}

tools::ExitCode exit_code_of(const Json& report) {
    return report.at("fail") != 0 || report.at("warn") != 0 ? tools::ExitCode::check_failed
           : report.at("unseen") != 0                       ? tools::ExitCode::partial
                                                            : tools::ExitCode::done;
}

}  // namespace ctl
