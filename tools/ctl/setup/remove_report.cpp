#include "tools/common/wording.h"
#include "tools/ctl/setup/reports.h"
#include "tools/ctl/status.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ctime>

namespace ctl {
namespace {

std::string holder_text(const Json& holder) {
    const auto since = holder.at("running_since").get<std::time_t>();
    const std::string command = text_in(holder, "command");
    const std::string pid = holder.at("pid").dump();
    if (command.empty()) {
        return fmt::format("locked by pid {}, which has ended or can't be seen", pid);
    }
    std::tm parts{};
    return fmt::format("{} (pid {}{})", command, pid,
                       since != 0 && ::localtime_r(&since, &parts) != nullptr
                           ? fmt::format(", running since {:%Y-%m-%d %H:%M:%S}", parts)
                           : "");
}

std::string holders_text(const Json& file) {
    std::vector<std::string> texts;
    for (const Json& holder : file.at("holders")) {
        texts.push_back(holder_text(holder));
    }
    return texts.empty() ? "a process that has ended meanwhile, or can't be seen from here"
                         : fmt::format("{}", fmt::join(texts, ", "));
}

std::string pages_text(const Json& pages) {
    const auto in_use = count_in(pages, "pages_in_use");
    return fmt::format(
        "Gave back {} of {} on node {}{}.\n", tools::counted(count_in(pages, "pages_given_back"), "page"),
        tools::page_size_text({count_in(pages, "page_bytes")}), pages.at("node").dump(),
        in_use == 0 ? ""
                    : fmt::format("; {} that setup had added {} in use", in_use, in_use == 1 ? "is" : "are"));
}

std::string commands_text(const Json& busy, const Json& commands) {
    std::string text;
    for (const Json& file : busy) {
        text += fmt::format("# {} stays, in use by {}\n", text_in(file, "path"), holders_text(file));
    }
    for (const Json& command : commands) {
        text += command.get<std::string>() + "\n";
    }
    return text.empty() ? "# Nothing is left to remove.\n" : text;
}

}  // namespace

Json remove_report(const pool::Removal& removal) {
    Json report = {{"removed", Json::array()},
                   {"busy", Json::array()},
                   {"pages", Json::array()},
                   {"unmounted", removal.mounts},
                   {"folders_removed", removal.folders},
                   {"left", Json::array()},
                   {"nothing_left", removal.busy.empty() && removal.left.empty()}};
    for (const MemoryFile& file : removal.files) {
        report["removed"].push_back(file.path);
    }
    for (const MemoryFile& file : removal.busy) {
        report["busy"].push_back({{"path", file.path},
                                  {"node", file.node.value},
                                  {"size_bytes", file.size.bytes},
                                  {"holders", holders_json(file)}});
    }
    for (const pool::PagesToGive& one : removal.pages) {
        report["pages"].push_back({{"node", one.node.value},
                                   {"page_bytes", one.size.bytes},
                                   {"pages_added", one.added},
                                   {"pages_given_back", one.give},
                                   {"pages_in_use", one.due - std::min(one.due, one.give)}});
    }
    for (const pool::Leftover& one : removal.left) {
        report["left"].push_back({{"path", one.path}, {"reason", one.why}});
    }
    return report;
}

std::string remove_text(const Json& report, const Terminal& terminal) {
    const Json& busy = report.at("busy");
    if (report.contains("commands")) {
        return commands_text(busy, report.at("commands"));
    }
    std::string text;
    if (const Json& removed = report.at("removed"); !removed.empty()) {
        text += fmt::format("Removed {}:\n", tools::counted(removed.size(), "file"));
        for (const Json& path : removed) {
            text += "  " + printable(path.get<std::string>()) + "\n";
        }
    }
    for (const Json& pages : report.at("pages")) {
        text += pages_text(pages);
    }
    for (const Json& mount : report.at("unmounted")) {
        text += fmt::format("Unmounted {}.\n", printable(mount.get<std::string>()));
    }
    for (const Json& folder : report.at("folders_removed")) {
        text += fmt::format("Removed the folder {}.\n", printable(folder.get<std::string>()));
    }
    for (const Json& left : report.at("left")) {
        text += fmt::format("Left {}: {}.\n", text_in(left, "path"), left.at("reason").get<std::string>());
    }
    if (!busy.empty()) {
        text += in_tone(terminal, Tone::bad,
                        fmt::format("In use, left as they are ({}):", tools::counted(busy.size(), "file"))) +
                "\n";
        for (const Json& file : busy) {
            text += fmt::format("  {}\n    by {}\n", text_in(file, "path"), holders_text(file));
        }
        text += "Run this again when they have ended.\n";
    }
    return text.empty() ? "Nothing is left to remove.\n" : text;
}

}  // namespace ctl
