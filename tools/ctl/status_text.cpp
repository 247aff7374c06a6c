// Status for people.
#include "tools/ctl/findings.h"
#include "tools/ctl/status.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace ctl {
namespace {

using Side = Column::Side;

std::string heading(const Terminal& terminal, const char* text) {
    return in_tone(terminal, Tone::strong, text) + "\n";
}

template <class TextOf>
Field field(std::string name, const TextOf& text_of, Side side = Side::left, bool wraps = false) {
    return {{std::move(name), side, wraps}, [text_of](const Json& row) { return Cell{text_of(row)}; }};
}

std::string pages_text(const Json& report, const Terminal& terminal) {
    const Json& rows = report.at("pages");
    if (rows.empty()) {
        return paragraph(
            terminal, "No node has huge pages; 'hugepagectl plan --sector 32GiB' tells how many it takes.");
    }
    return heading(terminal, "Huge pages") +
           table(terminal,
                 {count_field("NODE", "node"), page_size_field("PAGES OF", "page_bytes"),
                  size_field("TOTAL", "total_bytes"), size_field("IN FILES", "files_bytes"),
                  size_field("OTHER USE", "other_bytes"), size_field("FREE", "free_bytes")},
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
    std::vector<Field> fields = {count_field("NODE", "node"),
                                 size_field("FILES OF", "size_bytes"),
                                 count_field("FILES", "files"),
                                 count_field("UNUSABLE", "unusable", Tone::bad),
                                 elsewhere,
                                 count_field("FREE", "free", Tone::good),
                                 count_field("LEASED", "leased", Tone::warning)};
    if (std::ranges::any_of(groups, [](const Json& group) { return !group.at("files_wanted").is_null(); })) {
        fields.insert(fields.begin() + 2, {{"WANTED", Side::right}, [](const Json& row) {
                                               const std::uint64_t wanted = count_in(row, "files_wanted");
                                               return Cell{
                                                   std::to_string(wanted),
                                                   count_in(row, "files") < wanted ? Tone::bad : Tone::plain};
                                           }});
    }
    if (std::ranges::any_of(groups, [](const Json& group) { return group.at("unknown") != 0; })) {
        fields.push_back(count_field("UNKNOWN", "unknown", Tone::warning));
    }
    return table(terminal, fields, groups);
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
    const auto command = [](const Json& row) {
        const std::string name = text_in(row, "command");
        return name.empty() ? "(gone)" : name;
    };
    const auto since = [](const Json& row) {
        return row.at("running_since") == 0 ? "?" : local_time(row.at("running_since").get<std::int64_t>());
    };
    return rows.empty() ? ""
                        : "\n" + heading(terminal, "Leased") +
                              table(terminal,
                                    {text_field("FILE", "name", true), count_field("PID", "pid"),
                                     field("COMMAND", command), field("RUNS SINCE", since)},
                                    rows);
}

// What isn't right, and what to type.
std::string faults_text(const Json& findings, const Terminal& terminal) {
    const std::string text = findings_text(findings, terminal);
    return text.empty() ? text : "\n" + text.substr(0, text.size() - 1);
}

std::string pool_text(const Json& pool, const Terminal& terminal) {
    const auto user = pool.at("user_id").get<uid_t>();
    Json findings = pool.at("findings");
    for (const Json& file : pool.at("files")) {
        if (!file.at("finding").is_null()) {
            findings.push_back(file.at("finding"));
        }
    }
    return fmt::format("\n{} {} ({}{})\n", in_tone(terminal, Tone::strong, "Pool"), text_in(pool, "name"),
                       text_in(pool, "source"),
                       user != 0 ? "; judged as for " + printable(tools::user_text(user)) : "") +
           (pool.at("files").empty() && pool.at("groups").empty() ? "  no files\n"
                                                                  : files_text(pool.at("groups"), terminal)) +
           leases_text(pool.at("files"), terminal) + faults_text(findings, terminal);
}

// Children inherit LD_PRELOAD, and most of them ask for nothing.
std::string processes_text(const Json& processes, const Terminal& terminal) {
    Json rows = Json::array();
    Json findings = Json::array();
    for (const Json& process : processes) {
        Json row = {{"pid", process.at("pid")},
                    {"command", process.at("command")},
                    {"serves", process.at("serves_calloc") == true ? "mmap, calloc" : "mmap"},
                    {"files", 0},
                    {"bytes", 0},
                    {"faults", process.at("faults")}};
        for (const Json& buffer : process.at("buffers")) {
            if (buffer.at("backing") == "pool_file") {
                add_to(row, "files", 1);
                add_to(row, "bytes", count_in(buffer, "size_bytes"));
            }
        }
        if (row.at("files") != 0 || row.at("faults") != 0) {
            rows.push_back(row);
        }
        std::ranges::copy_if(process.at("findings"), std::back_inserter(findings),
                             [](const Json& finding) { return finding.at("verdict") != "ok"; });
    }
    std::string text = processes.empty() ? "" : "\n";
    if (!rows.empty()) {
        text += heading(terminal, "Processes with the shim") +
                table(terminal,
                      {count_field("PID", "pid"), text_field("COMMAND", "command", true),
                       text_field("SERVES", "serves"), count_field("SERVED", "files"),
                       size_field("OF", "bytes"), count_field("NOT SERVED", "faults", Tone::bad)},
                      rows);
    }
    if (const std::size_t others = processes.size() - rows.size(); others > 0) {
        text += paragraph(
            terminal, fmt::format("{} the shim, and no buffer of such a size.",
                                  others == 1 ? "1 process has" : fmt::format("{} processes have", others)));
    }
    return text + faults_text(findings, terminal);
}

std::string notes_text(const Json& report, const Terminal& terminal) {
    const Json& pages = report.at("pages");
    std::string text;
    const auto note = [&](const std::string& line) { text += paragraph(terminal, line); };
    for (const Json& reserved : report.at("reserved")) {
        note(
            fmt::format("Reserved by programs (HugePages_Rsvd), not touched yet: {} of the free pages of {}.",
                        size_text({count_in(reserved, "reserved_bytes")}),
                        tools::page_size_text({count_in(reserved, "page_bytes")})));
    }
    if (std::ranges::any_of(
            pages, [](const Json& row) { return row.at("free_bytes") == 0 && row.at("files_bytes") != 0; })) {
        note("HugePages_Free is 0 where all pages are in files: nothing is lost.");
    }
    if (!pages.empty()) {
        note("Huge pages are in no process's RSS: top, ps and free don't show whose they are.");
    }
    if (const auto unseen = count_in(report, "unseen_processes"); unseen > 0) {
        note(fmt::format("{} could not be looked at; root sees the most.",
                         unseen == 1 ? "1 process" : fmt::format("{} processes", unseen)));
    }
    if (report.at("sees_all_processes") == false) {
        note(
            "Processes outside this container (pid namespace) can't be seen: any file that isn't leased here "
            "may be leased there. Ask on the host.");
    }
    return text +
           (report.at("all_pages") == true ? summary_text(report, terminal, "Something is wrong: ") : "");
}

// "0", or where it is spread "0: 24.0 GiB, 1: 8.0 GiB".
std::string place_text(const Json& buffer) {
    const Json& nodes = buffer.at("nodes");
    std::vector<std::string> parts;
    for (const Json& node : nodes) {
        parts.push_back(nodes.size() == 1 ? node.at("node").dump()
                                          : fmt::format("{}: {}", node.at("node").dump(),
                                                        size_text({node.at("bytes").get<std::uint64_t>()})));
    }
    return parts.empty() ? "-" : fmt::format("{}", fmt::join(parts, ", "));
}

std::string threads_text(const Json& buffer) {
    return buffer.at("main_node").is_null() ? "-"
           : buffer.at("threads_bound") > 0 ? buffer.at("threads_bound").dump() + " bound"
           : buffer.at("threads_free") > 0  ? buffer.at("threads_free").dump() + " may"
                                            : "none";
}

std::string backing_text(const Json& buffer) {
    if (buffer.at("backing") != "anonymous") {
        return buffer.at("backing") == "huge_anonymous" ? "no file" : text_in(buffer, "name");
    }
    const auto present = buffer.at("present_bytes").get<double>();
    const auto transparent = buffer.at("transparent_bytes").get<double>();
    return present == 0       ? "nothing yet"
           : transparent == 0 ? "no file"
                              : fmt::format("transparent, {:.0f} %", std::floor(100 * transparent / present));
}

Cell verdict_of(const Json& buffer) {
    if (!buffer.at("fault").is_null()) {
        return {"wrong", Tone::bad};
    }
    const bool is_good = buffer.at("has_file_size") == true &&
                         (buffer.at("present_bytes") != 0 || !buffer.at("main_node").is_null());
    return is_good ? Cell{"right", Tone::good} : Cell{"-"};
}

}  // namespace

std::string status_text(const Json& report, const Terminal& terminal) {
    std::string text = pages_text(report, terminal);
    for (const Json& pool : report.at("pools")) {
        text += pool_text(pool, terminal);
    }
    if (report.at("pools").empty()) {
        text +=
            "\n" + paragraph(terminal,
                             "No pool: no hugetlbfs mount has folders numa_<N>. Say where it is by --path "
                             "DIR, or make one: 'hugepagectl plan --sector 32GiB' says how.");
    }
    text += processes_text(report.at("processes"), terminal);
    const std::string notes = notes_text(report, terminal);
    return text + faults_text(report.at("findings"), terminal) + (notes.empty() ? "" : "\n" + notes);
}

std::string process_text(const Json& report, const Terminal& terminal) {
    std::string text = fmt::format("{} {} {}\n", in_tone(terminal, Tone::strong, "Process"),
                                   report.at("pid").dump(), text_in(report, "command"));
    for (const Json& group : report.at("threads")) {
        const auto nodes = group.at("nodes").get<std::vector<int>>();
        text +=
            paragraph(terminal, fmt::format("{} may run on CPUs {} ({} {})",
                                            tools::counted(count_in(group, "threads"), "thread"),
                                            group.at("cpus").get<std::string>(),
                                            nodes.size() == 1 ? "node" : "nodes", fmt::join(nodes, ", ")));
    }
    const Json& buffers = report.at("buffers");
    if (buffers.empty()) {
        text += "It has no buffer of 16 MiB or more, nor any of huge pages.\n";
    } else {
        text += "\n" + table(terminal,
                             {size_field("SIZE", "size_bytes"),
                              page_size_field("PAGES", "page_bytes"),
                              field("ON NODE", place_text),
                              field("THREADS", threads_text),
                              {{"VERDICT"}, verdict_of},
                              field("BACKED BY", backing_text, Side::left, true)},
                             buffers);
    }
    text += faults_text(report.at("findings"), terminal);
    const bool has_any =
        std::ranges::any_of(buffers, [](const Json& one) { return one.at("has_file_size") == true; });
    if (has_any && report.at("faults") == 0) {
        text += "\n" + paragraph(terminal,
                                 "All that has a memory file's size is on huge pages, where its threads are.",
                                 0, Tone::good);
    }
    return text;
}

}  // namespace ctl
