#include "tools/common/wording.h"
#include "tools/ctl/setup/reports.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace ctl {
namespace {

using pool::NodePlan;
using pool::Plan;

// The setup with 2 MiB pages that would fit where pages of 1 GiB fell short; null if there is none.
Json smaller_setup(const Plan& plan, const Machine& machine) {
    if (plan.page_size <= k2MiB || !machine.has_page_size(k2MiB)) {
        return {};
    }
    pool::Request small = plan.request;
    small.page_size = k2MiB;
    if (!make_plan(small, without_files(small, machine), pool::Purpose::show).has_room()) {
        return {};
    }
    // A folder that stays on hugetlbfs of the larger pages can't hold these.
    const auto other = hugepage::FilePattern::in_folder(pool::place_of(small.pattern) + "_2m");
    if (other && (plan.mount.empty() || !plan.is_undone)) {
        small.pattern = *other;
    }
    return setup_command(small);
}

Json node_json(const NodePlan& node, const Machine& machine) {
    return {{"node", node.node.value},
            {"memory_bytes", machine.find(node.node)->memory.bytes},
            {"files_wanted", node.wanted()},
            {"files_possible", node.keep.size() + node.possible},
            {"files_kept", node.keep},
            {"files_created", node.created},
            {"files_replaced", node.replace.size()},
            {"files_besides", node.others},
            {"pages_wanted", node.wanted() * node.pages_per_file},
            {"pages_per_file", node.pages_per_file},
            {"pages_missing", node.missing_pages},
            {"pages_reserved", node.got},
            {"pages_given_back", node.given_back},
            {"compacted", node.has_compacted}};
}

bool is_short(const Json& node) {
    return node.at("files_kept").size() + node.at("files_created").size() < count_in(node, "files_wanted");
}

std::string room_text(const Json& node) {
    return fmt::format("Node {}'s memory ({}) has room for {} of the {} wanted", node.at("node").dump(),
                       size_text(count_in(node, "memory_bytes")), count_in(node, "files_possible"),
                       tools::counted(count_in(node, "files_wanted"), "file"));
}

bool has_room(const Json& node) {
    return node.at("files_possible") == node.at("files_wanted");
}

std::string commands_text(const Json& report) {
    if (report.at("commands").empty()) {
        return "# All files are there: nothing to do.\n";
    }
    std::string text = "# What is done by hand isn't on record: remove would not take it back.\n";
    for (const Json& node : report.at("nodes")) {
        text += has_room(node) ? "" : "# " + room_text(node) + ".\n";
    }
    for (const Json& command : report.at("commands")) {
        text += command.get<std::string>() + "\n";
    }
    return text;
}

std::string nodes_text(const Json& nodes, const Terminal& terminal) {
    return table(terminal,
                 {count_field("NODE", "node"), count_field("WANTED", "files_wanted"),
                  length_field("KEPT", "files_kept"), length_field("CREATED", "files_created", Tone::good),
                  count_field("PAGES", "pages_wanted"), count_field("MISSING", "pages_missing"),
                  count_field("RESERVED", "pages_reserved"), count_field("GIVEN BACK", "pages_given_back")},
                 nodes);
}

std::string files_text(const Json& nodes) {
    std::string besides;
    std::string created;
    for (const Json& node : nodes) {
        if (const auto others = count_in(node, "files_besides"); others > 0) {
            besides += fmt::format("Node {} has {} besides, of other sizes or numbers.\n",
                                   node.at("node").dump(), tools::counted(others, "file"));
        }
        for (const Json& path : node.at("files_created")) {
            created += "  " + printable(path.get<std::string>()) + "\n";
        }
        if (const auto replaced = count_in(node, "files_replaced"); replaced > 0) {
            created += fmt::format("  ({} on node {} had another owner or mode: removed and made anew)\n",
                                   replaced, node.at("node").dump());
        }
    }
    return besides + (created.empty() ? "" : "\nCreated, every page checked to be on its node:\n" + created);
}

std::string shortage_text(const Json& report) {
    std::string text = "\n";
    bool have_room = true;
    for (const Json& node : report.at("nodes")) {
        const auto given_back = count_in(node, "pages_given_back");
        if (is_short(node)) {
            text += fmt::format(
                "Node {} is short: {} missing, {} got{}.\n", node.at("node").dump(),
                tools::counted(count_in(node, "pages_missing"), "page"), count_in(node, "pages_reserved"),
                given_back > 0 ? fmt::format(", {} given back as they make no whole file", given_back) : "");
        }
        text += has_room(node) ? "" : room_text(node) + "; no more was tried.\n";
        have_room = have_room && has_room(node);
    }
    if (report.at("undone") == true) {
        text += "No whole file could be made, so nothing was left changed.\n";
    }
    if (!have_room) {
        return text + "\nAsk for fewer or smaller files, or spread them over more nodes.\n";
    }
    text +=
        "\nTo have the pages from the start, on the kernel's command line (GRUB_CMDLINE_LINUX in\n"
        "/etc/default/grub, then update-grub and a reboot):\n\n  " +
        report.at("kernel_command_line").get<std::string>() + "\n";
    if (const Json& smaller = report.at("smaller_setup_command"); !smaller.is_null()) {
        text += "\nPages of 2 MiB, which are easier to get now, would fit:\n\n  " +
                smaller.get<std::string>() + "\n";
    }
    return text;
}

}  // namespace

Json setup_report(Plan plan, const Machine& machine, bool is_dry_run) {
    Json nodes = Json::array();
    for (NodePlan& node : plan.nodes) {
        if (is_dry_run) {
            node.created.assign(node.create.begin(),
                                node.create.begin() + static_cast<std::ptrdiff_t>(node.possible));
            node.got = node.grow;
        }
        nodes.push_back(node_json(node, machine));
    }
    const bool is_complete = plan.is_complete();
    Json report = {{"dry_run", is_dry_run},
                   {"size_bytes", plan.request.size.bytes},
                   {"page_bytes", plan.page_size.bytes},
                   {"complete", is_complete},
                   {"changed", !plan.changes_nothing() && !plan.is_undone},
                   {"undone", plan.is_undone},
                   {"mounted", plan.mount.empty() || plan.is_undone ? Json() : Json(plan.mount)},
                   {"dropped_caches", plan.has_dropped_caches},
                   {"nodes", nodes}};
    if (is_dry_run) {
        report["commands"] = commands_of(plan);
    }
    if (!is_complete) {
        report["kernel_command_line"] = plan.has_room() ? Json(kernel_command_line(plan, machine)) : Json();
        report["smaller_setup_command"] = smaller_setup(plan, machine);
    } else {
        report["variable"] = variable_of(plan.request.pattern);
    }
    return report;
}

std::string setup_text(const Json& report, const Terminal& terminal) {
    if (report.at("dry_run") == true) {
        return commands_text(report);
    }
    const std::string size = size_text(count_in(report, "size_bytes"));
    const Json& mounted = report.at("mounted");
    const std::string heading =
        report.at("changed") == false && report.at("complete") == true
            ? fmt::format("All files of {} are there, every page on its node: nothing to do.\n\n", size)
            : fmt::format(
                  "Files of {} in pages of {}{}:\n\n", size,
                  tools::page_size_text({count_in(report, "page_bytes")}),
                  mounted.is_null() ? "" : ", hugetlbfs mounted at " + printable(mounted.get<std::string>()));
    const std::string text =
        heading + nodes_text(report.at("nodes"), terminal) + files_text(report.at("nodes"));
    if (report.at("complete") == false) {
        return text + shortage_text(report);
    }
    return text +
           fmt::format("\nTo use them, start the sealer with {}\n",
                       report.at("variable").get<std::string>()) +
           (report.at("dropped_caches") == true ? "Clean caches were dropped once to get larger pages.\n"
                                                : "");
}

}  // namespace ctl
