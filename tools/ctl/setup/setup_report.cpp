#include "tools/common/wording.h"
#include "tools/ctl/setup/reports.h"
#include "tools/pool/plan.h"
#include "tools/report/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace ctl {
namespace {

using pool::NodeOutcome;
using pool::SetupReport;

// The setup with 2 MiB pages that would fit where pages of 1 GiB fell short; empty if there is none.
std::string smaller_setup(const SetupReport& report, const pool::Request& request, const Machine& machine) {
    if (report.plan.page_size <= k2MiB || !pool::fits_in_small_pages(request, machine)) {
        return {};
    }
    // A folder that stays on hugetlbfs of the larger pages can't hold these.
    const bool is_free = report.is_undone && report.has_mounted;
    const std::string where = is_free ? request.where : "--path " + tools::quoted(request.place + "_2m");
    return "hugepagectl setup " + pool::arguments_of(request, k2MiB, where);
}

std::vector<std::vector<Cell>> rows_of(const SetupReport& report) {
    std::vector<std::vector<Cell>> rows;
    for (const NodeOutcome& node : report.nodes) {
        const std::size_t have = node.created.size() + node.kept.size();
        const bool is_short = have < node.wanted;
        rows.push_back({{std::to_string(node.node.value)},
                        {std::to_string(node.wanted)},
                        {std::to_string(node.kept.size())},
                        {std::to_string(node.created.size()), is_short ? Tone::bad : Tone::good},
                        {std::to_string(node.wanted * node.pages_per_file)},
                        {std::to_string(node.pages_asked)},
                        {std::to_string(node.pages_got), is_short ? Tone::bad : Tone::plain},
                        {std::to_string(node.pages_given_back)}});
    }
    return rows;
}

std::string files_text(const SetupReport& report) {
    std::string text;
    for (const NodeOutcome& node : report.nodes) {
        for (const std::string& path : node.created) {
            text += "  " + printable(path) + "\n";
        }
        if (node.replaced > 0) {
            text += fmt::format("  ({} on node {} had another owner or mode: removed and made anew)\n",
                                node.replaced, node.node.value);
        }
    }
    return text.empty() ? text : "\nCreated, every page checked to be on its node:\n" + text;
}

std::string shortage_text(const SetupReport& report, const pool::Request& request, const Machine& machine) {
    std::string text = "\n";
    for (const NodeOutcome& node : report.nodes) {
        if (node.created.size() + node.kept.size() < node.wanted) {
            text += fmt::format(
                "Node {} is short: {} missing, {} got{}.\n", node.node.value,
                tools::counted(node.pages_asked, "page"), node.pages_got,
                node.pages_given_back > 0
                    ? fmt::format(", {} given back as they make no whole file", node.pages_given_back)
                    : "");
        }
    }
    for (std::size_t i = 0; i < report.nodes.size(); ++i) {
        if (report.plan.nodes[i].possible < report.plan.nodes[i].create.size()) {
            text += fmt::format("Its memory ({}) has room for {} of the {} wanted; no more was tried.\n",
                                size_text(machine.find(report.nodes[i].node)->memory.bytes),
                                report.plan.nodes[i].possible,
                                tools::counted(report.plan.nodes[i].create.size(), "file"));
        }
    }
    if (report.is_undone) {
        text += "No whole file could be made, so nothing was left changed.\n";
    }
    if (!report.plan.has_room()) {
        return text + "\nAsk for fewer or smaller files, or spread them over more nodes.\n";
    }
    text +=
        "\nTo have the pages from the start, on the kernel's command line (GRUB_CMDLINE_LINUX in\n"
        "/etc/default/grub, then update-grub and a reboot):\n\n  " +
        boot_arguments(report.plan, machine) + "\n";
    const std::string smaller = smaller_setup(report, request, machine);
    if (!smaller.empty()) {
        text += "\nPages of 2 MiB, which are easier to get now, would fit:\n\n  " + smaller + "\n";
    }
    return text;
}

std::string done_text(const SetupReport& report, const pool::Request& request) {
    return fmt::format("\nTo use them, start the sealer with {}={}\n",
                       request.where.starts_with("--path-pattern") ? "HUGEPAGE_FILES_PATH_PATTERN"
                                                                   : "HUGEPAGE_FILES_PATH",
                       request.where.substr(request.where.find(' ') + 1)) +
           (report.has_dropped_caches ? "Clean caches were dropped once to get larger pages.\n" : "");
}

}  // namespace

std::string boot_arguments(const pool::Plan& plan, const Machine& machine) {
    Plan all{.sector = plan.size, .page_size = plan.page_size, .parents = {}, .nodes = {}};
    for (const Node& node : machine.nodes) {
        NodePlan one;
        one.node = node.id;
        one.pages = node.pages_of(plan.page_size).reserved();
        const auto step = std::ranges::find(plan.nodes, node.id, &pool::NodePlan::node);
        one.pages += step != plan.nodes.end() ? step->missing_pages : 0;
        all.nodes.push_back(one);
    }
    return kernel_command_line(all, machine);
}

std::string setup_text(const SetupReport& report, const pool::Request& request, const Machine& machine) {
    using Side = Column::Side;
    const Terminal terminal = Terminal::of_stdout();
    const bool is_idle = report.plan.changes_nothing();
    std::string text =
        is_idle ? fmt::format("All files of {} are there, every page on its node: nothing to do.\n\n",
                              size_text(report.plan.size.bytes))
                : fmt::format("Files of {} in pages of {}{}:\n\n", size_text(report.plan.size.bytes),
                              tools::page_size_text(report.plan.page_size),
                              report.has_mounted && !report.is_undone
                                  ? ", hugetlbfs mounted at " + printable(report.plan.mount)
                                  : "");
    text += table(terminal,
                  {{"NODE", Side::right},
                   {"WANTED", Side::right},
                   {"KEPT", Side::right},
                   {"CREATED", Side::right},
                   {"PAGES", Side::right},
                   {"MISSING", Side::right},
                   {"RESERVED", Side::right},
                   {"GIVEN BACK", Side::right}},
                  rows_of(report));
    for (const pool::NodePlan& node : report.plan.nodes) {
        if (node.others > 0) {
            text += fmt::format("Node {} has {} besides, of other sizes or numbers.\n", node.node.value,
                                tools::counted(node.others, "file"));
        }
    }
    text += files_text(report);
    if (!report.is_complete()) {
        return text + shortage_text(report, request, machine);
    }
    return text + done_text(report, request);
}

Json setup_json(const SetupReport& report, const pool::Request& request, const Machine& machine) {
    Json nodes = Json::array();
    for (const NodeOutcome& node : report.nodes) {
        nodes.push_back({{"node", node.node.value},
                         {"files_wanted", node.wanted},
                         {"files_kept", node.kept},
                         {"files_created", node.created},
                         {"files_replaced", node.replaced},
                         {"pages_per_file", node.pages_per_file},
                         {"pages_missing", node.pages_asked},
                         {"pages_reserved", node.pages_got},
                         {"pages_given_back", node.pages_given_back},
                         {"compacted", node.has_compacted}});
    }
    const bool is_complete = report.is_complete();
    Json json = {{"file_bytes", report.plan.size.bytes},
                 {"page_bytes", report.plan.page_size.bytes},
                 {"complete", is_complete},
                 {"changed", !report.plan.changes_nothing() && !report.is_undone},
                 {"mounted", report.has_mounted && !report.is_undone ? Json(report.plan.mount) : Json()},
                 {"dropped_caches", report.has_dropped_caches},
                 {"nodes", nodes}};
    if (!is_complete) {
        json["kernel_command_line"] =
            report.plan.has_room() ? Json(boot_arguments(report.plan, machine)) : Json();
        const std::string smaller = smaller_setup(report, request, machine);
        json["smaller_setup_command"] = smaller.empty() ? Json() : Json(smaller);
    }
    return json;
}

std::string setup_preview_text(const pool::Plan& plan, const pool::Request& request, const Machine& machine) {
    if (plan.changes_nothing()) {
        return "# All files are there: nothing to do.\n";
    }
    std::string text = "# What is done by hand isn't on record: remove would not take it back.\n";
    for (const pool::NodePlan& node : plan.nodes) {
        if (node.possible < node.create.size()) {
            text += fmt::format("# Node {} ({}) has room for {} of the {} wanted.\n", node.node.value,
                                size_text(machine.find(node.node)->memory.bytes), node.possible,
                                tools::counted(node.create.size(), "file"));
        }
    }
    for (const std::string& command : pool::commands_of(request, plan)) {
        text += command + "\n";
    }
    return text;
}

Json setup_preview_json(const pool::Plan& plan, const pool::Request& request) {
    Json nodes = Json::array();
    for (const pool::NodePlan& node : plan.nodes) {
        nodes.push_back({{"node", node.node.value},
                         {"files_kept", node.keep},
                         {"files_to_create", node.create},
                         {"files_possible", node.possible},
                         {"pages_per_file", node.pages_per_file},
                         {"pages_missing", node.missing_pages},
                         {"pages_to_reserve", node.grow}});
    }
    return {{"dry_run", true},
            {"file_bytes", plan.size.bytes},
            {"page_bytes", plan.page_size.bytes},
            {"mount", plan.mount.empty() ? Json() : Json(plan.mount)},
            {"nodes", nodes},
            {"commands", pool::commands_of(request, plan)}};
}

}  // namespace ctl
