// Status for programs.
#include "tools/ctl/status/status.h"

#include <nlohmann/json.hpp>

#include <system_error>

namespace ctl {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of(hugepage::FileSystem::Kind kind) {
    switch (kind) {
        case hugepage::FileSystem::Kind::hugetlbfs:
            return "hugetlbfs";
        case hugepage::FileSystem::Kind::tmpfs:
            return "tmpfs";
        case hugepage::FileSystem::Kind::other:
            return "other";
    }
    return "other";
}

Json json_of(const hugepage::Holder& holder) {
    return {{"pid", holder.pid},
            {"command", std::string(holder.command.view())},
            {"has_locked", holder.has_locked},
            {"has_mapped", holder.has_mapped},
            {"running_since", holder.running_since}};
}

Json json_of(const PageUse& use) {
    const auto bytes = [&](std::uint64_t pages) { return pages * use.page_size.bytes; };
    return {{"node", use.node.value},
            {"page_bytes", use.page_size.bytes},
            {"reserved_bytes", bytes(use.total)},
            {"files_bytes", bytes(use.files)},
            {"other_bytes", bytes(use.other)},
            {"free_bytes", bytes(use.free)}};
}

Json json_of(const FileGroup& group) {
    return {{"node", group.node.value},
            {"size_bytes", group.size.bytes},
            {"files", group.files},
            {"free", group.free},
            {"leased", group.leased},
            {"unusable", group.unusable},
            {"pages_checked", group.pages_checked},
            {"pages_elsewhere", group.pages_elsewhere}};
}

Json json_of(const PoolSurvey& pool) {
    Json groups = Json::array();
    for (const FileGroup& group : groups_of({pool})) {
        groups.push_back(json_of(group));
    }
    Json files = Json::array();
    for (const SurveyedFile& file : pool.files) {
        files.push_back(json_of(file));
    }
    Json blind = Json::array();
    for (const Blind& folder : pool.blind) {
        blind.push_back({{"path", folder.path}, {"error", std::generic_category().message(folder.error)}});
    }
    return {{"pattern", std::string(pool.choice.pattern.text())},
            {"source", pool.choice.source},
            {"user_id", pool.user},
            {"groups", groups},
            {"files", files},
            {"not_listed", blind}};
}

}  // namespace

Json json_of(const SurveyedFile& file) {
    Json json = {{"path", file.path},
                 {"node", file.node.value},
                 {"size_bytes", file.size.bytes},
                 {"allocated_bytes", file.allocated.bytes},
                 {"page_bytes", file.file_system.page_size.bytes},
                 {"file_system", name_of(file.file_system.kind)},
                 {"owner_id", file.owner},
                 {"mode", file.mode},
                 {"state", name_of(file.state())},
                 {"reason", nullptr},
                 {"why", nullptr},
                 {"pages_checked", nullptr},
                 {"pages_elsewhere", nullptr},
                 {"holders", Json::array()}};
    if (file.refusal) {
        json["reason"] = std::string(hugepage::name_of(file.refusal->reason));
        json["why"] = why(*file.refusal);
    }
    if (file.placement) {
        json["pages_checked"] = file.placement->checked;
        json["pages_elsewhere"] = file.placement->elsewhere;
    }
    for (const hugepage::Holder& holder : file.holders) {
        json["holders"].push_back(json_of(holder));
    }
    return json;
}

Json status_json(const StatusReport& report) {
    Json pages = Json::array();
    for (const PageUse& use : report.pages) {
        pages.push_back(json_of(use));
    }
    Json promised = Json::array();
    for (const Promised& one : report.promised) {
        promised.push_back(
            {{"page_bytes", one.page_size.bytes}, {"promised_bytes", one.pages * one.page_size.bytes}});
    }
    Json pools = Json::array();
    for (const PoolSurvey& pool : report.pools) {
        pools.push_back(json_of(pool));
    }
    return {{"time", report.now},
            {"pages", pages},
            {"promised", promised},
            {"pools", pools},
            {"unseen_processes", report.unseen_processes}};
}

}  // namespace ctl
