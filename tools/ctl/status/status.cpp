#include "tools/ctl/status/status.h"

#include "tools/ctl/pool/judgement.h"

#include <nlohmann/json.hpp>

#include <system_error>

#include <algorithm>
#include <set>
#include <utility>

namespace ctl {
namespace {

using hugepage::FileSystem;
using SizeOnNode = std::pair<ByteSize, NodeId>;

Json text_or_null(const std::string& text) {
    return text.empty() ? Json() : Json(text);
}

void add(Json& counts, const char* key, std::size_t more) {
    counts[key] = counts.at(key).get<std::size_t>() + more;
}

Json file_json(const SurveyedFile& file, const Judgement& judged) {
    constexpr const char* kFileSystems[] = {"hugetlbfs", "tmpfs", "other"};
    Json holders = Json::array();
    for (const hugepage::Holder& holder : file.holders) {
        holders.push_back({{"pid", holder.pid},
                           {"command", std::string(holder.command.view())},
                           {"has_locked", holder.has_locked},
                           {"has_mapped", holder.has_mapped},
                           {"running_since", holder.running_since}});
    }
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
            {"verdict", judged.verdict()},
            {"reason", text_or_null(judged.reason)},
            {"why", text_or_null(judged.why)},
            {"next", text_or_null(judged.next)},
            {"pages_checked", file.placement ? Json(file.placement->checked) : Json()},
            {"pages_elsewhere", file.placement ? Json(file.placement->elsewhere) : Json()},
            {"holders", holders}};
}

// The files of one size on one node.
void add_to_group(Json& group, const SurveyedFile& file, const Judgement& judged, std::int64_t now) {
    if (group.is_null()) {
        group = {{"node", file.node.value},
                 {"size_bytes", file.size.bytes},
                 {"files", 0},
                 {"free", 0},
                 {"leased", 0},
                 {"unusable", 0},
                 {"pages_checked", 0},
                 {"pages_elsewhere", 0},
                 {"oldest_holder_seconds", 0}};
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

Json pool_json(const PoolSurvey& pool, std::int64_t now, Json& report) {
    std::map<std::pair<NodeId, ByteSize>, Json> by_node_and_size;
    Json files = Json::array();
    for (const SurveyedFile& file : pool.files) {
        const Judgement judged = judge(file, pool);
        files.push_back(file_json(file, judged));
        add(report, judged.verdict(), 1);
        if (file.size.bytes > 0) {
            add_to_group(by_node_and_size[{file.node, file.size}], file, judged, now);
        }
    }
    Json groups = Json::array();
    for (auto& [key, group] : by_node_and_size) {
        groups.push_back(std::move(group));
    }
    Json not_listed = Json::array();
    for (const Blind& folder : pool.blind) {
        add(report, "not_seen", 1);
        not_listed.push_back(
            {{"path", folder.path}, {"error", std::generic_category().message(folder.error)}});
    }
    return {{"name", name_of(pool.choice.pattern)}, {"pattern", std::string(pool.choice.pattern.text())},
            {"source", pool.choice.source},         {"user_id", pool.user},
            {"groups", std::move(groups)},          {"files", std::move(files)},
            {"not_listed", std::move(not_listed)}};
}

// In the pools' files, each file once. Where only some pages of a file were looked at, they stand for all.
std::map<SizeOnNode, std::uint64_t> pages_in_files(const std::vector<PoolSurvey>& pools) {
    std::map<SizeOnNode, std::uint64_t> pages;
    std::set<hugepage::FileId> seen;
    for (const PoolSurvey& pool : pools) {
        for (const SurveyedFile& file : pool.files) {
            const ByteSize page_size = file.file_system.page_size;
            if (file.file_system.kind != FileSystem::Kind::hugetlbfs || page_size.bytes == 0 ||
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
                            {"free_bytes", (pages.total - used) * size.bytes}});
        }
    }
    return rows;
}

}  // namespace

Json status_report(const StatusFacts& facts) {
    Json report = {{"time", facts.now}, {"all_pages", facts.all_pages}, {"right", 0}, {"wrong", 0},
                   {"not_seen", 0},     {"pages", pages_json(facts)}};
    report["reserved"] = Json::array();
    for (const auto& [size, pages] : facts.reserved) {
        report["reserved"].push_back({{"page_bytes", size.bytes}, {"reserved_bytes", pages * size.bytes}});
    }
    Json pools = Json::array();
    for (const PoolSurvey& pool : facts.pools) {
        pools.push_back(pool_json(pool, facts.now, report));
    }
    report["pools"] = std::move(pools);
    report["unseen_processes"] = facts.unseen_processes;
    return report;
}

tools::ExitCode exit_code_of(const Json& report) {
    return report.at("wrong") != 0      ? tools::ExitCode::check_failed
           : report.at("not_seen") != 0 ? tools::ExitCode::partial
                                        : tools::ExitCode::done;
}

}  // namespace ctl
