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

// What the function makes of each.
template <class Range, class MakeRow>
Json list_of(const Range& range, const MakeRow& make_row) {
    Json list = Json::array();
    for (const auto& one : range) {
        list.push_back(make_row(one));
    }
    return list;
}

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
    add(group, "files", 1);
    add(group, judged.state(), 1);
    if (!judged.is_leased && !judged.is_usable) {
        Json& reasons = group["unusable_reasons"];
        reasons[judged.finding.id] = reasons.value(judged.finding.id, 0) + 1;
    }
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
    Groups groups;
    Json files = Json::array();
    if (pool.wanted) {
        for (const Share& share : pool.wanted->shares) {
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
    const bool has_state = buffer.has_file_size() && area.page_size > 0;
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
            {"state", has_state ? Json(state_of(buffer)) : Json()},
            {"is_misplaced", buffer.is_misplaced()},
            {"threads_bound", buffer.threads_bound},
            {"threads_free", buffer.threads_free},
            {"fault", buffer.fault.empty() ? Json() : Json(buffer.fault)}};
}

using Labels = decltype(Metric::labels);
using Values = decltype(Metric::values);

std::string page_metrics(const Json& report) {
    const Labels of_node = {{"node", "node"}, {"page_size", "page_bytes"}};
    std::map<std::uint64_t, Json> reserved;
    for (const Json& row : report.at("pages")) {
        const auto size = row.at("page_bytes").get<std::uint64_t>();
        reserved[size] = {{"page_bytes", size}, {"reserved_bytes", 0}};
    }
    for (const Json& row : report.at("reserved")) {
        reserved[row.at("page_bytes").get<std::uint64_t>()] = row;
    }
    return metric_text({"page_bytes",
                        "Bytes of huge pages, by what they are used for. The sum is what the node has.",
                        of_node,
                        {{"free", "free_bytes"}, {"files", "files_bytes"}, {"other", "other_bytes"}}},
                       report.at("pages")) +
           metric_text({"surplus_page_bytes",
                        "Of those, surplus bytes, which the kernel takes back.",
                        of_node,
                        {{"", "surplus_bytes"}}},
                       report.at("pages")) +
           metric_text({"reserved_page_bytes",
                        "Of the free pages of all nodes, bytes that the kernel has promised to programs "
                        "(HugePages_Rsvd).",
                        {{"page_size", "page_bytes"}},
                        {{"", "reserved_bytes"}}},
                       list_of(reserved, [](const auto& row) { return row.second; }));
}

std::string file_metrics(const Json& pools) {
    Json groups = Json::array();
    Json wanted = Json::array();
    Json reasons = Json::array();
    for (const Json& pool : pools) {
        for (Json group : pool.at("groups")) {
            group["pool"] = pool.at("name");
            for (const auto& [reason, files] : group.at("unusable_reasons").items()) {
                Json& row = reasons.emplace_back(group);
                row["reason"] = reason;
                row["files"] = files;
            }
            if (!group.at("files_wanted").is_null()) {
                wanted.push_back(group);
            }
            groups.push_back(std::move(group));
        }
    }
    const Labels of_group = {{"pool", "pool"}, {"node", "node"}, {"size", "size_bytes"}};
    Labels of_reason = of_group;
    of_reason.emplace_back("reason", "reason");
    const auto text_of = [&](const char* name, const char* help, const Values& values) {
        return metric_text({name, help, of_group, values}, groups);
    };
    return metric_text({"wanted_files",
                        "Memory files that /etc/hugepage-shim.conf wants, if it is about this pool.",
                        of_group,
                        {{"", "files_wanted"}}},
                       wanted) +
           text_of(
               "files",
               "Memory files, by whether a process has them and the shim would use them; unknown where "
               "processes can't be seen.",
               {{"free", "free"}, {"leased", "leased"}, {"unusable", "unusable"}, {"unknown", "unknown"}}) +
           metric_text(
               {"unusable_files",
                "Of the unusable files, those that the shim refuses for this reason, if there are any.",
                of_reason,
                {{"", "files"}}},
               reasons) +
           text_of(
               "oldest_holder_seconds",
               "How long the longest-running process that holds such a file has been running; no lease is "
               "older. 0 if none is leased.",
               {{"", "oldest_holder_seconds"}}) +
           text_of("checked_pages", "Pages of files that were looked at.", {{"", "pages_checked"}}) +
           text_of("misplaced_pages", "Of those, pages on another node than their folder says.",
                   {{"", "pages_elsewhere"}});
}

// The kernel doesn't tell since when a file is locked or mapped. One whose process is gone has no age.
std::string lease_metrics(const Json& pools, const Json& now) {
    Json leases = Json::array();
    for (const Json& pool : pools) {
        for (const Json& file : pool.at("files")) {
            for (const Json& holder : file.at("holders")) {
                if (file.at("state") == "leased" && holder.at("running_since") != 0) {
                    Json& row = leases.emplace_back(file);
                    row.update(holder);
                    row["pool"] = pool.at("name");
                    row["seconds"] = now.get<std::int64_t>() - holder.at("running_since").get<std::int64_t>();
                }
            }
        }
    }
    return metric_text(
        {"lease_holder_seconds",
         "For each leased file, how long the process that holds it has been running; the lease "
         "isn't older.",
         {{"pool", "pool"},
          {"node", "node"},
          {"size", "size_bytes"},
          {"file", "path"},
          {"pid", "pid"},
          {"command", "command"}},
         {{"", "seconds"}}},
        leases);
}

std::string process_metrics(const Json& report) {
    std::map<std::string, Json> libraries;
    Json buffers = Json::array();
    for (const char* library : {"libhugepage_shim.so", "libhugepage_shim_heap.so"}) {
        libraries[library] = {{"library", library}, {"processes", 0}};
    }
    for (const Json& process : report.at("processes")) {
        add(libraries.at(process.at("serves_calloc") == true ? "libhugepage_shim_heap.so"
                                                             : "libhugepage_shim.so"),
            "processes", 1);
        std::map<std::uint64_t, Json> sizes;
        for (const Json& buffer : process.at("buffers")) {
            if (buffer.at("state").is_null()) {
                continue;
            }
            Json& row = sizes[buffer.at("file_bytes").get<std::uint64_t>()];
            if (row.is_null()) {
                row = {{"pid", process.at("pid")},
                       {"command", process.at("command")},
                       {"file_bytes", buffer.at("file_bytes")},
                       {"misplaced", 0}};
                for (const char* state : kBufferStates) {
                    row[state] = 0;
                }
            }
            const auto count = buffer.at("buffers").get<std::size_t>();
            add(row, buffer.at("state").get<std::string>().c_str(), count);
            add(row, "misplaced", buffer.at("is_misplaced") == true ? count : 0);
        }
        for (auto& [size, row] : sizes) {
            buffers.push_back(std::move(row));
        }
    }
    const Labels of_process = {{"pid", "pid"}, {"command", "command"}, {"size", "file_bytes"}};
    Values states;
    for (const char* state : kBufferStates) {
        states.emplace_back(state, state);
    }
    const Json one = Json::array({report});
    return metric_text({"processes",
                        "Processes that have the library loaded; most have no buffer of a file's size.",
                        {{"library", "library"}},
                        {{"", "processes"}}},
                       list_of(libraries, [](const auto& row) { return row.second; })) +
           metric_text({"unseen_processes",
                        "Processes that could not be looked at; root sees all.",
                        {},
                        {{"", "unseen_processes"}}},
                       one) +
           metric_text({"buffers",
                        "Buffers of a memory file's size in processes with the library. served: in a file of "
                        "huge pages; tmpfs: in a file of ordinary pages; the others are in no file: thp, in "
                        "transparent huge pages; ordinary, in ordinary pages; untouched, in none yet.",
                        of_process, states},
                       buffers) +
           metric_text({"misplaced_buffers",
                        "Of those, buffers whose pages are on another node than their file's folder says, or "
                        "where no thread of the process may run.",
                        of_process,
                        {{"", "misplaced"}}},
                       buffers);
}

}  // namespace

Json holders_json(const MemoryFile& file) {
    Json holders = Json::array();
    for (const tools::Holder& holder : file.holders) {
        holders.push_back({{"pid", holder.pid},
                           {"command", holder.command},
                           {"has_locked", holder.has_locked},
                           {"has_mapped", holder.has_mapped()},
                           {"running_since", holder.running_since}});
    }
    return holders;
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
    const Json info = Json::array({{{"version", version}, {"one", 1}}});
    std::string text = metric_text(
        {"info", "The version of hugepagectl that wrote this.", {{"version", "version"}}, {{"", "one"}}},
        info);
    return text + page_metrics(report) + file_metrics(report.at("pools")) +
           lease_metrics(report.at("pools"), report.at("time")) + process_metrics(report);
}

tools::ExitCode exit_code_of(const Json& report) {
    return report.at("fail") != 0 || report.at("warn") != 0 ? tools::ExitCode::check_failed
           : report.at("unseen") != 0                       ? tools::ExitCode::partial
                                                            : tools::ExitCode::done;
}

}  // namespace ctl
