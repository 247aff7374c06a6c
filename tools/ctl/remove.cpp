// hugepagectl remove: takes away free memory files, and what setup has added for them. The report is as that
// of setup.
#include "tools/pool/remove.h"

#include "tools/common/failure.h"
#include "tools/common/interrupts.h"
#include "tools/ctl/commands.h"
#include "tools/ctl/status.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <ranges>
#include <string>
#include <vector>

namespace ctl {
namespace {

using pool::RemoveRequest;
using tools::ExitCode;

std::string holder_text(const Json& holder) {
    const std::string command = text_in(holder, "command");
    const std::string pid = holder.at("pid").dump();
    if (command.empty()) {
        return fmt::format("locked by pid {}, which has ended or can't be seen", pid);
    }
    const auto since = holder.at("running_since").get<std::int64_t>();
    return fmt::format("{} (pid {}{})", command, pid,
                       since != 0 ? ", running since " + local_time(since) : "");
}

std::string holders_text(const Json& file) {
    const Json& holders = file.at("holders");
    return holders.empty() ? "a process that has ended meanwhile, or can't be seen from here"
                           : fmt::format("{}", fmt::join(holders | std::views::transform(holder_text), ", "));
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

Json remove_report(const pool::Removal& removal) {
    const auto busy_json = [](const MemoryFile& file) {
        return Json{{"path", file.path},
                    {"node", file.node.value},
                    {"size_bytes", file.size.bytes},
                    {"holders", holders_json(file)}};
    };
    const auto pages_json = [](const pool::PagesToGive& pages) {
        return Json{{"node", pages.node.value},
                    {"page_bytes", pages.size.bytes},
                    {"pages_added", pages.added},
                    {"pages_given_back", pages.give},
                    {"pages_in_use", pages.due - std::min(pages.due, pages.give)}};
    };
    const auto left_json = [](const pool::Leftover& left) {
        return Json{{"path", left.path}, {"reason", left.why}};
    };
    return {{"removed", list_of(removal.files, [](const MemoryFile& file) { return file.path; })},
            {"busy", list_of(removal.busy, busy_json)},
            {"pages", list_of(removal.pages, pages_json)},
            {"unmounted", removal.mounts},
            {"folders_removed", removal.folders},
            {"left", list_of(removal.left, left_json)},
            {"nothing_left", removal.busy.empty() && removal.left.empty()}};
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
        text += fmt::format("Left {}: {}.\n", text_in(left, "path"), text_in(left, "reason"));
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

struct RemoveOptions {
    std::string path, pattern, node = "all", size, num;
    std::vector<std::string> files;
    bool all = false;
    bool dry_run = false;
    bool json = false;
};

RemoveRequest request_of(const RemoveOptions& options) {
    const bool has_other = options.all || options.node != "all" ||
                           !(options.path + options.pattern + options.size + options.num).empty();
    if (!options.files.empty() && has_other) {
        tools::refuse("FILE goes with no other choice of what to remove.");
    }
    if (std::ranges::find(options.files, "") != options.files.end()) {
        tools::refuse("FILE needs a value, not an empty one.");
    }
    RemoveRequest request;
    if (!options.path.empty() || !options.pattern.empty()) {
        request.pattern = pool::pattern_of(options.path, options.pattern);
    }
    for (const std::string& path : options.files) {
        const std::filesystem::path whole = std::filesystem::absolute(path);
        const std::filesystem::path folder = pool::find_place(whole.parent_path(), pool::kAnybody).path;
        request.paths.push_back(folder / whole.filename());
    }
    request.nodes = pool::nodes_of(options.node);
    if (!options.size.empty()) {
        request.size = tools::size_of("--size", options.size);
    }
    if (!options.num.empty()) {
        request.count = tools::count_of("--num", options.num, pool::kMostFiles);
    }
    return request;
}

ExitCode say(const Json& report, bool json, ExitCode code) {
    print(json ? as_json("remove", report) : remove_text(report, Terminal::of_stdout()));
    return code;
}

ExitCode preview(const RemoveRequest& request, bool json) {
    const tools::Interrupts interrupts;
    const pool::PageControl control = pool::page_control(interrupts);
    pool::Record record = pool::Ledger(pool::kRunFolder, pool::boot_id()).record;
    pool::settle(record, control);
    const auto plan = pool::plan_removal(request, record, pool::files_of(request, record), control);
    Json report = remove_report(plan);
    report["dry_run"] = true;
    report["commands"] = pool::commands_of(plan, record);
    return say(report, json, ExitCode::done);
}

pool::Removal take_away(const RemoveRequest& request) {
    if (::geteuid() != 0) {
        throw tools::Failure(ExitCode::no_permission,
                             "remove takes away pages and mounts, which only root may; nothing was changed; "
                             "use sudo (or see with --dry-run what it would do)");
    }
    constexpr std::chrono::seconds kPatience{10};
    const tools::Interrupts interrupts;
    const pool::RunLock lock(pool::kRunFolder, kPatience, interrupts);
    pool::Ledger ledger(pool::kRunFolder, pool::boot_id());
    pool::Work work{pool::page_control(interrupts), interrupts, ledger};
    pool::settle(ledger.record, work.control);
    ledger.save();
    const auto files = pool::files_of(request, ledger.record);
    return pool::remove(request, pool::plan_removal(request, ledger.record, files, work.control), work);
}

ExitCode remove(const RemoveOptions& options) {
    const RemoveRequest request = request_of(options);
    if (options.dry_run) {
        return preview(request, options.json);
    }
    const pool::Removal removed = take_away(request);
    return say(remove_report(removed), options.json, pool::exit_code_of(removed));
}

}  // namespace

void describe_remove(CLI::App& program, Action& chosen) {
    CLI::App* app = program.add_subcommand("remove", "Take back what setup has added, except files in use");
    const auto options = std::make_shared<RemoveOptions>();
    std::vector<CLI::Option*> choices;
    const auto add = [&](const char* name, std::string& value, const char* value_name, const char* help) {
        choices.push_back(tools::add_option(*app, name, value, value_name, help));
    };
    app->add_option("FILE", options->files, "Only these files, setup's or not")->option_text("...");
    add("--path", options->path, "DIR",
        "Only files in DIR/numa_<N>, setup's or not.\nDefault: what setup has made");
    add("--path-pattern,--path_pattern", options->pattern, "P",
        "The same, with $NUMA_NODE_INDEX for the node's number\n(quote it). Wins over --path");
    add("--node", options->node, "NODES", "Only these nodes: all, 0,1 or 0-3. Default: all");
    add("--size", options->size, "SIZE", "Only files of this size, e.g. 32GiB. Default: any");
    add("--num", options->num, "N", "Only so many free files of each node, the last ones.\nDefault: all");
    auto* all = app->add_flag("--all", options->all, "All that setup has made (as without any option)");
    for (CLI::Option* choice : choices) {
        all->excludes(choice);
    }
    app->add_flag("--dry-run", options->dry_run, "Change nothing; print the commands that would do it");
    app->add_flag("--json", options->json, "For programs: see hugepagectl(8)");
    app->footer(
        "A file that somebody has leased, or has mapped, stays, and its holder is named.\n"
        "Of the pages on a node, at most those that setup has added are given back, and\n"
        "only free ones; folders and mounts of setup's go when nothing is in them.\n"
        "\n"
        "Example:\n"
        "  sudo hugepagectl remove\n"
        "\n"
        "Exit status: 0 all that was meant is gone, 1 there was no such file, 3 something\n"
        "else is left, 5 no permission, 6 some files are in use.");
    app->callback([options, &chosen] { chosen = [options] { return remove(*options); }; });
}

}  // namespace ctl
