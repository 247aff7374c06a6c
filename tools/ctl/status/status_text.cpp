// Status for people.
#include "tools/common/wording.h"
#include "tools/ctl/pool/judgement.h"
#include "tools/ctl/status/status.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ctime>

namespace ctl {
namespace {

using Side = Column::Side;

std::uint64_t count_in(const Json& object, const char* key) {
    return object.at(key).get<std::uint64_t>();
}

std::string shown(const Json& object, const char* key) {
    return printable(object.at(key).get<std::string>());
}

std::string local_time(const Json& unix_time) {
    const auto seconds = unix_time.get<std::time_t>();
    std::tm parts{};
    return seconds == 0 || ::localtime_r(&seconds, &parts) == nullptr
               ? "?"
               : fmt::format("{:%Y-%m-%d %H:%M}", parts);
}

std::string pages_text(const Json& report, const Terminal& terminal) {
    const Json& rows = report.at("pages");
    if (rows.empty()) {
        return "No node has huge pages; 'hugepagectl plan --help' tells how many it takes.\n";
    }
    const Field page_size = {{"PAGES OF", Side::right}, [](const Json& row) {
                                 return Cell{tools::page_size_text({count_in(row, "page_bytes")})};
                             }};
    return in_tone(terminal, Tone::strong, "Huge pages") + "\n" +
           table(terminal,
                 {count_field("NODE", "node"), page_size, size_field("TOTAL", "total_bytes"),
                  size_field("IN FILES", "files_bytes"), size_field("OTHER USE", "other_bytes"),
                  size_field("FREE", "free_bytes")},
                 rows);
}

std::string files_text(const Json& groups, const Terminal& terminal) {
    const Field elsewhere = {{"WRONG NODE", Side::right}, [](const Json& row) {
                                 const std::uint64_t pages = count_in(row, "pages_elsewhere");
                                 const std::uint64_t checked = count_in(row, "pages_checked");
                                 return checked == 0 ? Cell{"not known"}
                                                     : Cell{fmt::format("{} of {}", pages, checked),
                                                            pages > 0 ? Tone::bad : Tone::plain};
                             }};
    return table(terminal,
                 {count_field("NODE", "node"), size_field("FILES OF", "size_bytes"),
                  count_field("FILES", "files"), count_field("UNUSABLE", "unusable", Tone::bad), elsewhere,
                  count_field("FREE", "free", Tone::good), count_field("LEASED", "leased", Tone::warning)},
                 groups);
}

std::string leases_text(const Json& files, const Terminal& terminal) {
    Json rows = Json::array();
    for (const Json& file : files) {
        for (const Json& holder : file.at("holders")) {
            if (file.at("state") == "leased") {
                Json& row = rows.emplace_back(holder);
                row["name"] = file.at("name");
            }
        }
    }
    if (rows.empty()) {
        return {};
    }
    const Field command = {{"COMMAND"}, [](const Json& row) {
                               const std::string name = shown(row, "command");
                               return Cell{name.empty() ? "(gone)" : name};
                           }};
    const Field since = {{"RUNS SINCE"},
                         [](const Json& row) { return Cell{local_time(row.at("running_since"))}; }};
    return "\n" + in_tone(terminal, Tone::strong, "Leased") + "\n" +
           table(terminal, {text_field("FILE", "name", true), count_field("PID", "pid"), command, since},
                 rows);
}

// Of each file that isn't right, what it is and what to type.
std::string faults_text(const Json& pool, const Terminal& terminal) {
    std::string text;
    for (const Json& file : pool.at("files")) {
        const bool is_wrong = file.at("verdict") == "wrong";
        if (file.at("verdict") == "right") {
            continue;
        }
        text += fmt::format(
            "\n{} {}: {}: {}\n",
            in_tone(terminal, is_wrong ? Tone::bad : Tone::warning, is_wrong ? "Wrong" : "Not seen"),
            shown(file, "name"), shown(file, "reason"), shown(file, "why"));
        if (file.at("state") == "leased") {
            text += "  once it is no longer leased:\n";
        }
        text += "  " + shown(file, "next") + "\n";
    }
    for (const Json& folder : pool.at("not_listed")) {
        text += fmt::format("\n{} {}: {}\n", in_tone(terminal, Tone::warning, "Not listed"),
                            shown(folder, "path"), shown(folder, "error"));
    }
    return text;
}

std::string pool_text(const Json& pool, const Terminal& terminal) {
    const auto user = pool.at("user_id").get<uid_t>();
    return fmt::format("\n{} {} ({}{})\n", in_tone(terminal, Tone::strong, "Pool"), shown(pool, "name"),
                       shown(pool, "source"),
                       user != 0 ? "; judged as for " + printable(user_text(user)) : "") +
           (pool.at("files").empty() ? "  no files\n" : files_text(pool.at("groups"), terminal)) +
           leases_text(pool.at("files"), terminal) + faults_text(pool, terminal);
}

std::string summary_text(const Json& report, const Terminal& terminal) {
    const std::uint64_t right = count_in(report, "right");
    const std::uint64_t wrong = count_in(report, "wrong");
    const std::uint64_t not_seen = count_in(report, "not_seen");
    if (wrong + not_seen > 0) {
        return fmt::format("{} right, {} wrong, {} not seen.\n", tools::counted(right, "file"), wrong,
                           not_seen);
    }
    std::uint64_t pages = 0;
    for (const Json& pool : report.at("pools")) {
        for (const Json& group : pool.at("groups")) {
            pages += count_in(group, "pages_checked");
        }
    }
    return in_tone(terminal, Tone::good,
                   fmt::format("All right: {} with {}, each on its folder's node.",
                               tools::counted(right, "file"), tools::counted(pages, "page"))) +
           "\n";
}

std::string remarks(const Json& report, const Terminal& terminal) {
    const Json& pages = report.at("pages");
    std::string text;
    for (const Json& reserved : report.at("reserved")) {
        text += fmt::format("Reserved by programs, not touched yet: {} of the free pages of {}.\n",
                            size_text(count_in(reserved, "reserved_bytes")),
                            tools::page_size_text({count_in(reserved, "page_bytes")}));
    }
    if (std::ranges::any_of(
            pages, [](const Json& row) { return row.at("free_bytes") == 0 && row.at("files_bytes") != 0; })) {
        text += "HugePages_Free is 0 where all pages are in files: nothing is lost.\n";
    }
    if (!pages.empty()) {
        text += "Huge pages are in no process's RSS: top, ps and free don't show whose they are.\n";
    }
    if (const auto unseen = count_in(report, "unseen_processes"); unseen > 0) {
        text += fmt::format("{} could not be looked at; root sees the most.\n",
                            unseen == 1 ? "1 process" : fmt::format("{} processes", unseen));
    }
    return text + (report.at("all_pages") == true ? summary_text(report, terminal) : "");
}

}  // namespace

std::string status_text(const Json& report, const Terminal& terminal) {
    std::string text = pages_text(report, terminal);
    for (const Json& pool : report.at("pools")) {
        text += pool_text(pool, terminal);
    }
    if (report.at("pools").empty()) {
        text +=
            "\nNo pool: no hugetlbfs mount has folders numa_<N>. Say where it is by --path DIR, or make "
            "one:\n"
            "see 'hugepagectl plan --help' and 'hugepage-file-init --help'.\n";
    }
    const std::string more = remarks(report, terminal);
    return more.empty() ? text : fmt::format("{}\n{}", text, more);
}

}  // namespace ctl
