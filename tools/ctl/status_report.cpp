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

void add(Json& counts, const char* key, std::size_t more) {
    counts[key] = counts.at(key).get<std::size_t>() + more;
}

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
            {"state", judged.state()},
            {"verdict", name_of(judged.finding.verdict)},
            {"finding", is_ok ? Json() : Json(judged.finding)},
            {"pages_checked", file.placement ? Json(file.placement->checked) : Json()},
            {"pages_elsewhere", file.placement ? Json(file.placement->elsewhere) : Json()},
            {"holders", holders_json(file)}};
}

// The files of one size on one node.
void add_to_group(Json& group, const MemoryFile& file, const FileJudgement& judged, std::int64_t now) {
    if (group.is_null()) {
        group = {{"node", file.node.value}, {"size_bytes", file.size.bytes}};
        for (const char* count : {"files", "free", "leased", "unusable", "unknown", "pages_checked",
                                  "pages_elsewhere", "oldest_holder_seconds"}) {
            group[count] = 0;
        }
    }
    add(group, "files", 1);
    add(group, judged.state(), 1);
    if (file.placement) {
        add(group, "pages_checked", file.placement->checked);
        add(group, "pages_elsewhere", file.placement->elsewhere);
    }
    for (const tools::Holder& holder : file.holders) {
        if (judged.is_leased && holder.running_since != 0) {
            group["oldest_holder_seconds"] =
                std::max(group.at("oldest_holder_seconds").get<std::int64_t>(), now - holder.running_since);
        }
    }
}

Json pool_json(const Pool& pool, std::int64_t now) {
    std::map<std::pair<NodeId, ByteSize>, Json> groups;
    Json files = Json::array();
    for (const MemoryFile& file : pool.files) {
        const FileJudgement judged = judge(file, pool);
        files.push_back(file_json(file, judged));
        if (file.size.bytes > 0) {
            add_to_group(groups[{file.node, file.size}], file, judged, now);
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
Json pages_json(const StatusFacts& facts) {
    auto in_files = pages_in_files(facts.pools);
    Json rows = Json::array();
    for (const ByteSize size : facts.machine.page_sizes) {
        for (const Node& node : facts.machine.nodes) {
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
    const MappedArea& area = *buffer.area;
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
            {"has_file_size", buffer.has_file_size},
            {"is_callocs", buffer.is_callocs},
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
        {"pages", pages_json(facts)},
        {"reserved", list_of(facts.machine.promised, reserved)},
        {"pools", list_of(facts.pools, [&](const Pool& pool) { return pool_json(pool, facts.now); })},
        {"processes", list_of(facts.processes,
                              [&](const Process& process) {
                                  return process_report(process, facts.machine, facts.pools);
                              })},
        {"findings", judge_surplus(facts.machine)},
        {"unseen_processes", facts.unseen_processes},
        {"sees_all_processes",
         std::ranges::all_of(facts.pools, [](const Pool& pool) { return pool.sees_holders; })}};
    for (const Json& pool : report["pools"]) {
        for (const char* key : {"files", "findings"}) {
            for (const Json& judged : pool.at(key)) {
                add(report, judged.at("verdict").get<std::string>().c_str(), 1);
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

std::string status_metrics(const Json& report, const std::string& version) {
    std::string text = metric_text(
        {"info", "The version of hugepagectl that wrote this.", {{"version", "version"}}, {{"", "one"}}},
        Json::array({{{"version", version}, {"one", 1}}}));
    text += metric_text({"page_bytes",
                         "Bytes of huge pages, by what they are used for.",
                         {{"node", "node"}, {"page_size", "page_bytes"}},
                         {{"free", "free_bytes"}, {"files", "files_bytes"}, {"other", "other_bytes"}}},
                        report.at("pages"));
    text += metric_text({"surplus_page_bytes",
                         "Of those, bytes beyond what is reserved, which the kernel takes back.",
                         {{"node", "node"}, {"page_size", "page_bytes"}},
                         {{"", "surplus_bytes"}}},
                        report.at("pages"));
    Json groups = Json::array();
    for (const Json& pool : report.at("pools")) {
        for (const Json& group : pool.at("groups")) {
            groups.push_back(group);
            groups.back()["pool"] = pool.at("name");
        }
    }
    const auto add_of_groups = [&](const char* name, const char* help, const auto& values) {
        text += metric_text(
            {name, help, {{"pool", "pool"}, {"node", "node"}, {"size", "size_bytes"}}, values}, groups);
    };
    using Values = decltype(Metric::values);
    add_of_groups(
        "files",
        "Memory files, by whether a process has them and the shim would use them; unknown where "
        "processes can't be seen.",
        Values{{"free", "free"}, {"leased", "leased"}, {"unusable", "unusable"}, {"unknown", "unknown"}});
    add_of_groups("oldest_holder_seconds",
                  "How long the longest-running process that holds such a file has been running; no lease is "
                  "older. 0 if none is leased.",
                  Values{{"", "oldest_holder_seconds"}});
    add_of_groups("checked_pages", "Pages of files that were looked at.", Values{{"", "pages_checked"}});
    add_of_groups("misplaced_pages", "Of those, pages on another node than their folder says.",
                  Values{{"", "pages_elsewhere"}});
    return text;
}

tools::ExitCode exit_code_of(const Json& report) {
    return report.at("fail") != 0 || report.at("warn") != 0 ? tools::ExitCode::check_failed
           : report.at("unseen") != 0                       ? tools::ExitCode::partial
                                                            : tools::ExitCode::done;
}

}  // namespace ctl
