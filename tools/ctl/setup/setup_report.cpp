#include "tools/common/wording.h"
#include "tools/ctl/findings.h"
#include "tools/ctl/setup/reports.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace ctl {
namespace {

using pool::NodePlan;
using pool::Plan;

Finding shortage(const NodePlan& node, const Plan& plan, const Machine& machine) {
    std::string what =
        fmt::format("node {} is short: {} of {}; {} missing, {} got", node.node.value,
                    node.keep.size() + node.created.size(), tools::counted(node.wanted(), "file"),
                    tools::counted(node.missing_pages, "page"), node.got);
    if (node.given_back > 0) {
        what += fmt::format(", {} given back as they make no whole file", node.given_back);
    }
    const auto verdict = plan.is_undone ? Verdict::fail : Verdict::warn;
    if (node.has_room()) {
        return {"pages", verdict, what, "Pages are easier to get when the machine has just started.", ""};
    }
    return {"memory", verdict, what,
            fmt::format("Its memory ({}) has room for {} of the {} that are missing; no more is tried.",
                        size_text(machine.find(node.node)->memory.bytes), node.possible, node.create.size()),
            "fewer or smaller files, or more nodes"};
}

// The setup with 2 MiB pages that would fit where pages of 1 GiB fell short; empty if there is none.
std::string smaller_setup(const Plan& plan, const Machine& machine) {
    if (plan.page_size <= k2MiB || !machine.has_page_size(k2MiB)) {
        return {};
    }
    pool::Request small = plan.request;
    small.page_size = k2MiB;
    // A folder that stays on hugetlbfs of the larger pages can't hold these.
    const auto other = hugepage::FilePattern::in_folder(pool::place_of(small.pattern) + "_2m");
    if (other && (plan.mount.empty() || !plan.is_undone)) {
        small.pattern = *other;
    }
    const bool fits = make_plan(small, without_files(small, machine), pool::Purpose::show).has_room();
    return fits ? setup_command(small) : "";
}

Json node_json(const NodePlan& node) {
    return {{"node", node.node.value},
            {"files_wanted", node.wanted()},
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

std::string commands_text(const Json& report) {
    if (report.at("commands").empty()) {
        return "# All files are there: nothing to do.\n";
    }
    std::string text = "# What is done by hand isn't on record: remove would not take it back.\n";
    for (const Json& finding : report.at("findings")) {
        text += "# " + text_in(finding, "what") + "\n";
    }
    for (const Json& command : report.at("commands")) {
        text += command.get<std::string>() + "\n";
    }
    return text;
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
            created += fmt::format("  ({} on node {} wrong, or of another owner or mode: removed and made anew)\n",
                                   replaced, node.at("node").dump());
        }
    }
    return besides + (created.empty() ? "" : "\nCreated, every page checked to be on its node:\n" + created);
}

std::string done_text(const Json& report, const Terminal& terminal) {
    const std::string size = size_text(count_in(report, "size_bytes"));
    const Json& nodes = report.at("nodes");
    std::string text;
    if (report.at("undone") == true) {
        text = "No whole file could be made, so nothing was left changed.\n\n";
    } else if (report.at("changed") == false) {
        text = fmt::format("All files of {} are there, every page on its node: nothing to do.\n\n", size);
    } else {
        text = fmt::format(
            "Files of {} in pages of {}{}:\n\n", size,
            tools::page_size_text({count_in(report, "page_bytes")}),
            report.at("mounted").is_null() ? "" : ", hugetlbfs mounted at " + text_in(report, "mounted"));
    }
    text += table(terminal,
                  {count_field("NODE", "node"), count_field("WANTED", "files_wanted"),
                   length_field("KEPT", "files_kept"), length_field("CREATED", "files_created", Tone::good),
                   count_field("PAGES", "pages_wanted"), count_field("MISSING", "pages_missing"),
                   count_field("RESERVED", "pages_reserved"), count_field("GIVEN BACK", "pages_given_back")},
                  nodes) +
            files_text(nodes);
    if (report.at("complete") == true) {
        text += fmt::format("\nTo use them, start the sealer with {}\n", text_in(report, "variable"));
    }
    return text + (report.at("dropped_caches") == true
                       ? "Clean caches were dropped once to get larger pages.\n"
                       : "");
}

}  // namespace

Findings shortages(const Plan& plan, const Machine& machine) {
    Findings findings;
    for (const NodePlan& node : plan.nodes) {
        if (!node.is_complete()) {
            findings.push_back(shortage(node, plan, machine));
        }
    }
    if (findings.empty() || !plan.has_room()) {
        return findings;
    }
    findings.push_back({"kernel-command-line", Verdict::warn, "pages can be reserved as the machine starts",
                        "In GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub and a reboot.",
                        kernel_command_line(plan, machine)});
    if (std::string smaller = smaller_setup(plan, machine); !smaller.empty()) {
        findings.push_back({"page-size", Verdict::warn, "pages of 2 MiB would fit",
                            "They are easier to get now.", std::move(smaller)});
    }
    return findings;
}

Plan as_if_done(Plan plan) {
    for (NodePlan& node : plan.nodes) {
        node.created = node.create;
        node.created.resize(node.possible);
        node.got = node.grow;
    }
    return plan;
}

Json setup_report(const Plan& plan, const Findings& findings) {
    Json report = {{"size_bytes", plan.request.size.bytes},
                   {"page_bytes", plan.page_size.bytes},
                   {"complete", plan.is_complete()},
                   {"changed", !plan.changes_nothing() && !plan.is_undone},
                   {"undone", plan.is_undone},
                   {"mounted", plan.mount.empty() || plan.is_undone ? Json() : Json(plan.mount)},
                   {"dropped_caches", plan.has_dropped_caches},
                   {"variable", variable_of(plan.request.pattern)},
                   {"nodes", Json::array()}};
    for (const NodePlan& node : plan.nodes) {
        report["nodes"].push_back(node_json(node));
    }
    report.update(findings_report(findings));
    return report;
}

std::string setup_text(const Json& report, const Terminal& terminal) {
    if (report.contains("commands")) {
        return commands_text(report);
    }
    const Json& findings = report.at("findings");
    const bool is_refused =
        report.at("complete") == true && report.at("changed") == false && !findings.empty();
    // That all is there is not said over files that their user would not be served.
    return (is_refused ? "" : done_text(report, terminal)) +
           (findings.empty() ? ""
                             : "\n" + findings_text(findings, terminal) + summary_text(report, terminal));
}

}  // namespace ctl
