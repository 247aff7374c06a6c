// The report as metrics of Prometheus.
#include "tools/ctl/status.h"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <utility>

namespace ctl {
namespace {

using Labels = decltype(Metric::labels);
using Values = decltype(Metric::values);

std::string page_metrics(const Json& report) {
    const Labels of_node = {{"node", "node"}, {"page_size", "page_bytes"}};
    std::map<std::uint64_t, Json> reserved;
    for (const Json& row : report.at("pages")) {
        const auto size = count_in(row, "page_bytes");
        reserved[size] = {{"page_bytes", size}, {"reserved_bytes", 0}};
    }
    for (const Json& row : report.at("reserved")) {
        reserved[count_in(row, "page_bytes")] = row;
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
                       list_of(reserved, [](const auto& entry) { return entry.second; }));
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
        add_to(libraries.at(process.at("serves_calloc") == true ? "libhugepage_shim_heap.so"
                                                                : "libhugepage_shim.so"),
               "processes", 1);
        std::map<std::uint64_t, Json> sizes;
        for (const Json& buffer : process.at("buffers")) {
            if (buffer.at("state").is_null()) {
                continue;
            }
            Json& row = sizes[count_in(buffer, "file_bytes")];
            if (row.is_null()) {
                row = {{"pid", process.at("pid")},
                       {"command", process.at("command")},
                       {"file_bytes", buffer.at("file_bytes")},
                       {"misplaced", 0}};
                for (const char* state : kBufferStates) {
                    row[state] = 0;
                }
            }
            const std::uint64_t count = count_in(buffer, "buffers");
            add_to(row, text_in(buffer, "state").c_str(), count);
            add_to(row, "misplaced", buffer.at("is_misplaced") == true ? count : 0);
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
                       list_of(libraries, [](const auto& entry) { return entry.second; })) +
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

std::string status_metrics(const Json& report, const std::string& version) {
    const Json info = Json::array({{{"version", version}, {"one", 1}}});
    std::string text = metric_text(
        {"info", "The version of hugepagectl that wrote this.", {{"version", "version"}}, {{"", "one"}}},
        info);
    return text + page_metrics(report) + file_metrics(report.at("pools")) +
           lease_metrics(report.at("pools"), report.at("time")) + process_metrics(report);
}

}  // namespace ctl
