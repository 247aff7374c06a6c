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
            {"finding", is_ok ? Json() : finding_json(judged.finding)},
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
    for (const hugepage::Holder& holder : file.holders) {
        if (judged.is_leased && holder.running_since != 0) {
            group["oldest_holder_seconds"] =
                std::max(group.at("oldest_holder_seconds").get<std::int64_t>(), now - holder.running_since);
        }
    }
}

Json pool_json(const Pool& pool, std::int64_t now, Json& report) {
    std::map<std::pair<NodeId, ByteSize>, Json> by_node_and_size;
    Json files = Json::array();
    for (const MemoryFile& file : pool.files) {
        const FileJudgement judged = judge(file, pool);
        files.push_back(file_json(file, judged));
        add(report, name_of(judged.finding.verdict), 1);
        if (file.size.bytes > 0) {
            add_to_group(by_node_and_size[{file.node, file.size}], file, judged, now);
        }
    }
    Json groups = Json::array();
    for (auto& [key, group] : by_node_and_size) {
        groups.push_back(std::move(group));
    }
    Json findings = Json::array();
    for (const Finding& finding : judge_folders(pool)) {
        findings.push_back(finding_json(finding));
        add(report, name_of(finding.verdict), 1);
    }
    return {{"name", name_of(pool.choice.pattern)}, {"pattern", std::string(pool.choice.pattern.text())},
            {"source", pool.choice.source},         {"user_id", pool.user.id},
            {"groups", std::move(groups)},          {"files", std::move(files)},
            {"findings", std::move(findings)}};
}

// In the pools' files, each file once. Where only some pages of a file were looked at, they stand for all.
std::map<SizeOnNode, std::uint64_t> pages_in_files(const std::vector<Pool>& pools) {
    std::map<SizeOnNode, std::uint64_t> pages;
    std::set<hugepage::FileId> seen;
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

Json process_head(const Process& process) {
    return {{"pid", process.pid},
            {"command", process.command},
            {"shim", process.shims.empty() ? Json() : Json(process.shims.back())},
            {"serves_calloc", process.has_heap_shim()}};
}

// What a process with the shim is served, and what it isn't.
Json served_json(const Process& process, const StatusFacts& facts) {
    Json row = process_head(process);
    std::size_t files = 0;
    std::uint64_t bytes = 0;
    Json not_served = Json::array();
    for (const BufferJudgement& buffer : judge_buffers(process, facts.machine, facts.pools)) {
        if (buffer.file != nullptr) {
            ++files;
            bytes += buffer.area->size();
        } else if (!buffer.fault.empty()) {
            not_served.push_back({{"size_bytes", buffer.area->size()}, {"why", buffer.fault}});
        }
    }
    row["served_files"] = files;
    row["served_bytes"] = bytes;
    row["not_served"] = std::move(not_served);
    return row;
}

Json buffer_json(const BufferJudgement& buffer) {
    const MappedArea& area = *buffer.area;
    Json nodes = Json::array();
    for (const auto& [node, bytes] : area.nodes) {
        nodes.push_back({{"node", node.value}, {"bytes", bytes}});
    }
    return {{"begin", area.begin},
            {"end", area.end},
            {"size_bytes", area.size()},
            {"backing", buffer.backing},
            {"path", area.path},
            {"name", buffer.file != nullptr ? buffer.file->name : area.path},
            {"page_bytes", area.page_size},
            {"present_bytes", area.present()},
            {"transparent_bytes", area.transparent},
            {"nodes", nodes},
            {"main_node", buffer.node ? Json(buffer.node->value) : Json()},
            {"has_file_size", buffer.has_file_size},
            {"is_callocs", buffer.is_callocs},
            {"threads_bound", buffer.threads_bound},
            {"threads_free", buffer.threads_free},
            {"fault", buffer.fault.empty() ? Json() : Json(buffer.fault)}};
}

}  // namespace

Json holders_json(const MemoryFile& file) {
    Json holders = Json::array();
    for (const hugepage::Holder& holder : file.holders) {
        holders.push_back({{"pid", holder.pid},
                           {"command", std::string(holder.command.view())},
                           {"has_locked", holder.has_locked},
                           {"has_mapped", holder.has_mapped},
                           {"running_since", holder.running_since}});
    }
    return holders;
}

Json status_report(const StatusFacts& facts) {
    Json report = {{"time", facts.now}, {"all_pages", facts.all_pages}, {"ok", 0}, {"warn", 0}, {"fail", 0},
                   {"unseen", 0},       {"pages", pages_json(facts)}};
    report["reserved"] = Json::array();
    for (const auto& [size, pages] : facts.machine.promised) {
        report["reserved"].push_back({{"page_bytes", size.bytes}, {"reserved_bytes", pages * size.bytes}});
    }
    Json pools = Json::array();
    for (const Pool& pool : facts.pools) {
        pools.push_back(pool_json(pool, facts.now, report));
    }
    report["pools"] = std::move(pools);
    report["processes"] = Json::array();
    for (const Process& process : facts.processes) {
        report["processes"].push_back(served_json(process, facts));
    }
    report["findings"] = Json::array();
    for (const Finding& finding : judge_surplus(facts.machine)) {
        report["findings"].push_back(finding_json(finding));
    }
    report["unseen_processes"] = facts.unseen_processes;
    report["sees_all_processes"] =
        std::ranges::all_of(facts.pools, [](const Pool& pool) { return pool.sees_holders; });
    return report;
}

Json process_report(const Process& process, const Machine& machine, const std::vector<Pool>& pools) {
    Json report = process_head(process);
    report["threads"] = Json::array();
    for (const auto& [cpus, threads] : process.threads) {
        report["threads"].push_back(
            {{"cpus", cpus}, {"threads", threads}, {"nodes", nodes_of(cpus, machine)}});
    }
    report["buffers"] = Json::array();
    std::size_t faults = 0;
    for (const BufferJudgement& buffer : judge_buffers(process, machine, pools)) {
        report["buffers"].push_back(buffer_json(buffer));
        faults += buffer.fault.empty() ? 0U : 1U;
    }
    report["faults"] = faults;
    return report;
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
