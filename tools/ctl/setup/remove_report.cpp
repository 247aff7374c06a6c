#include "tools/common/wording.h"
#include "tools/ctl/setup/reports.h"
#include "tools/report/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <array>
#include <ctime>

namespace ctl {
namespace {

using pool::PagesToGive;
using pool::PoolFile;

std::string time_text(std::int64_t seconds) {
    const std::time_t time = seconds;
    std::tm parts{};
    std::array<char, 32> text{};
    if (::localtime_r(&time, &parts) == nullptr) {
        return {};
    }
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts)};
}

std::string holder_text(const tools::Holder& holder) {
    if (holder.command.empty()) {
        return fmt::format("locked by pid {}, which has ended or can't be seen", holder.pid);
    }
    return fmt::format("{} (pid {}{})", printable(holder.command), holder.pid,
                       holder.running_since != 0 ? ", running since " + time_text(holder.running_since) : "");
}

std::string holders_text(const PoolFile& file) {
    std::vector<std::string> texts;
    for (const tools::Holder& holder : file.holders) {
        texts.push_back(holder_text(holder));
    }
    return texts.empty() ? "a process that has ended meanwhile, or can't be seen from here"
                         : fmt::format("{}", fmt::join(texts, ", "));
}

Json busy_json(const std::vector<PoolFile>& busy) {
    Json files = Json::array();
    for (const PoolFile& file : busy) {
        Json holders = Json::array();
        for (const tools::Holder& holder : file.holders) {
            holders.push_back(
                {{"pid", holder.pid},
                 {"command", holder.command.empty() ? Json() : Json(holder.command)},
                 {"running_since", holder.running_since != 0 ? Json(holder.running_since) : Json()}});
        }
        files.push_back({{"path", file.file.path},
                         {"node", file.file.node.value},
                         {"bytes", file.file.size.bytes},
                         {"holders", holders}});
    }
    return files;
}

Json paths_json(const std::vector<PoolFile>& files) {
    Json paths = Json::array();
    for (const PoolFile& file : files) {
        paths.push_back(file.file.path);
    }
    return paths;
}

Json pages_json(const std::vector<PagesToGive>& pages, const char* given) {
    Json json = Json::array();
    for (const PagesToGive& one : pages) {
        json.push_back({{"node", one.node.value},
                        {"page_bytes", one.size.bytes},
                        {"added_by_setup", one.added},
                        {given, one.give}});
    }
    return json;
}

std::string pages_text(const PagesToGive& pages) {
    std::string text = fmt::format("Gave back {} of {} on node {}", tools::counted(pages.give, "page"),
                                   tools::page_size_text(pages.size), pages.node.value);
    if (pages.give < pages.due) {
        text += fmt::format("; {} that setup had added {} in use", pages.due - pages.give,
                            pages.due - pages.give == 1 ? "is" : "are");
    }
    return text + ".\n";
}

}  // namespace

std::string remove_text(const pool::Undone& undone) {
    if (undone.is_empty()) {
        return "Nothing is left to remove.\n";
    }
    std::string text;
    if (!undone.removed.empty()) {
        text += fmt::format("Removed {}:\n", tools::counted(undone.removed.size(), "file"));
        for (const PoolFile& file : undone.removed) {
            text += "  " + printable(file.file.path) + "\n";
        }
    }
    for (const PagesToGive& pages : undone.pages) {
        text += pages_text(pages);
    }
    for (const std::string& mount : undone.mounts) {
        text += fmt::format("Unmounted {}.\n", printable(mount));
    }
    for (const std::string& folder : undone.folders) {
        text += fmt::format("Removed the folder {}.\n", printable(folder));
    }
    for (const pool::Leftover& left : undone.left) {
        text += fmt::format("Left {}: {}.\n", printable(left.path), left.why);
    }
    if (!undone.busy.empty()) {
        const Terminal terminal = Terminal::of_stdout();
        text += in_tone(terminal, Tone::bad,
                        fmt::format("In use, left as they are ({}):",
                                    tools::counted(undone.busy.size(), "file"))) +
                "\n";
        for (const PoolFile& file : undone.busy) {
            text += fmt::format("  {}\n    by {}\n", printable(file.file.path), holders_text(file));
        }
        text += "Run this again when they have ended.\n";
    }
    return text;
}

Json remove_json(const pool::Undone& undone) {
    Json left = Json::array();
    for (const pool::Leftover& one : undone.left) {
        left.push_back({{"path", one.path}, {"reason", one.why}});
    }
    return {{"removed", paths_json(undone.removed)},
            {"busy", busy_json(undone.busy)},
            {"pages", pages_json(undone.pages, "given_back")},
            {"unmounted", undone.mounts},
            {"folders_removed", undone.folders},
            {"left", left},
            {"nothing_left", undone.busy.empty() && undone.left.empty()}};
}

std::string remove_preview_text(const pool::RemovePlan& plan) {
    std::string text;
    for (const PoolFile& file : plan.busy) {
        text += fmt::format("# {} stays, in use by {}\n", printable(file.file.path), holders_text(file));
    }
    for (const std::string& command : plan.commands()) {
        text += command + "\n";
    }
    return text.empty() ? "# Nothing is left to remove.\n" : text;
}

Json remove_preview_json(const pool::RemovePlan& plan) {
    return {{"dry_run", true},
            {"to_remove", paths_json(plan.files)},
            {"busy", busy_json(plan.busy)},
            {"pages", pages_json(plan.pages, "to_give_back")},
            {"commands", plan.commands()}};
}

}  // namespace ctl
