// hugepagectl setup: hugetlbfs, pages and files, as far as they are missing. What it has done, or would do,
// is a report, made once, as JSON, whose keys are those of hugepagectl(8); its text is made of that: of a dry
// run, which has `commands`, comments and what to paste.
#include "tools/pool/setup.h"

#include "tools/common/failure.h"
#include "tools/common/interrupts.h"
#include "tools/common/service_manager.h"
#include "tools/common/values.h"
#include "tools/ctl/commands.h"
#include "tools/ctl/findings.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <functional>
#include <memory>
#include <string>

namespace ctl {
namespace {

using pool::NodePlan;
using pool::Plan;
using tools::ExitCode;

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
                        size_text(machine.find(node.node)->memory), node.possible, node.create.size()),
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

// What keeps a sealer of the user (or of the files' owner) from being served by the pool.
Findings refusals(const PoolChoice& choice, std::optional<uid_t> user) {
    Findings findings;
    try {
        findings = judge_pool(read_pool(choice, user));
        std::erase_if(findings, [](const Finding& finding) {
            return finding.verdict == Verdict::ok ||
                   (finding.id == "pool" && finding.verdict == Verdict::warn);
        });
    } catch (const tools::Failure& failure) {
        findings.push_back(no_pool(failure.what()));
    }
    return findings;
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
            created +=
                fmt::format("  ({} on node {} wrong, or of another owner or mode: removed and made anew)\n",
                            replaced, node.at("node").dump());
        }
    }
    return besides + (created.empty() ? "" : "\nCreated, every page checked to be on its node:\n" + created);
}

std::string done_text(const Json& report, const Terminal& terminal) {
    const std::string size = size_text({count_in(report, "size_bytes")});
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
                   count_field("ALLOCATED", "pages_reserved"), count_field("GIVEN BACK", "pages_given_back")},
                  nodes) +
            files_text(nodes);
    if (report.at("complete") == true) {
        text += fmt::format("\nTo use them, start the sealer with {}\n", text_in(report, "variable"));
    }
    return text + (report.at("dropped_caches") == true
                       ? "Clean caches were dropped once to get larger pages.\n"
                       : "");
}

// Where fewer files were made than wanted: why, and what helps. `machine` as it was before.
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
    findings.push_back({"kernel-command-line", Verdict::warn, "pages can be allocated as the machine starts",
                        "In GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub and a reboot.",
                        kernel_command_line(plan, machine)});
    if (std::string smaller = smaller_setup(plan, machine); !smaller.empty()) {
        findings.push_back({"page-size", Verdict::warn, "pages of 2 MiB would fit",
                            "They are easier to get now.", std::move(smaller)});
    }
    return findings;
}

// As far as there is memory.
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
                   {"nodes", list_of(plan.nodes, node_json)}};
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

constexpr std::size_t kLongestTimeout = 86400;

struct SetupOptions {
    pool::RequestOptions request = pool::setup_defaults();
    std::string config;
    std::string timeout = "60";
    bool dry_run = false;
    bool json = false;
};

Plan plan_for(const pool::Request& request) {
    return pool::make_plan(request, pool::look_at_machine(request), pool::Purpose::set_up);
}

// Of what there was to do, and what came of it.
Plan set_up(const pool::Request& request, std::chrono::seconds timeout) {
    const tools::Interrupts interrupts;
    // Before anything is changed, the lock's folder included.
    Plan plan = plan_for(request);
    pool::require_rights(plan);
    if (::geteuid() != 0) {
        return plan;  // there is nothing to do, else the rights were missing
    }
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    const pool::RunLock lock(pool::kRunFolder, timeout, interrupts);
    pool::Ledger ledger(pool::kRunFolder, pool::boot_id());
    pool::Work work{pool::page_control(interrupts), interrupts, ledger, deadline};
    pool::settle(ledger.record, work.control);
    ledger.save();
    plan = plan_for(request);
    if (!plan.changes_nothing()) {
        pool::set_up(plan, work);
    }
    return plan;
}

// Ends with the judge's word as the files' user.
ExitCode say(const Plan& plan, const Machine& machine, bool json) {
    const auto& pattern = plan.request.pattern;
    const Findings findings = plan.is_complete() ? refusals({pattern, option_of(pattern)}, plan.request.owner)
                                                 : shortages(plan, machine);
    const Json report = setup_report(plan, findings);
    print(json ? as_json("setup", report) : setup_text(report, Terminal::of_stdout()));
    tools::tell_service_manager(pool::status_line(plan, count(findings, Verdict::fail) > 0));
    return !plan.is_complete()                  ? ExitCode::partial
           : count(findings, Verdict::fail) > 0 ? ExitCode::check_failed
                                                : ExitCode::done;
}

ExitCode preview(const pool::Request& request, const Machine& machine, bool json) {
    const Plan plan = plan_for(request);
    const Plan done = as_if_done(plan);
    Json report = setup_report(done, shortages(done, machine));
    report["dry_run"] = true;
    report["commands"] = pool::commands_of(plan);
    print(json ? as_json("setup", report) : setup_text(report, Terminal::of_stdout()));
    return ExitCode::done;
}

ExitCode setup(const SetupOptions& options, CLI::App& app) {
    if (!options.config.empty()) {
        read_config(options.config, app);
    }
    const Machine machine = read_machine();
    const pool::Request request = pool::request_of(options.request, machine);
    const std::chrono::seconds timeout(tools::count_of("--timeout", options.timeout, kLongestTimeout));
    if (options.dry_run) {
        return preview(request, machine, options.json);
    }
    const Plan plan = set_up(request, timeout);
    // Signals end this process again as they do others.
    return say(plan, machine, options.json);
}

}  // namespace

void describe_setup(CLI::App& program, Action& chosen) {
    CLI::App* app = program.add_subcommand("setup", "Mount hugetlbfs, allocate pages, create memory files");
    const auto options = std::make_shared<SetupOptions>();
    pool::RequestOptions& request = options->request;
    const auto add = std::bind_front(tools::add_option, std::ref(*app));
    add("--size", request.size, "SIZE", "Size of each file, e.g. 32GiB. Needed");
    add("--num", request.num, "N", "Files on each node. Default: 2, as one sector needs");
    add("--node", request.node, "NODES",
        "Nodes: all, 0,1 or 0-3; 0:4,1:2 with a number of\nfiles each. Default: all");
    add("--path", request.path, "DIR",
        "Folder; the files go to DIR/numa_<N>. This or\n--path-pattern is needed");
    add("--path-pattern,--path_pattern", request.pattern, "P",
        "Folder for the files, with $NUMA_NODE_INDEX for the\nnode's number (quote it). Wins over --path");
    add("--page-size", request.page_size, "SIZE",
        "auto, 1GiB or 2MiB. Default: auto, the size that is\nmounted there; else 1GiB if all are free; else "
        "2MiB");
    add("--user", request.user, "U",
        "Owner of the files, name or number. Free files of\nanother user are removed and made anew. Default: "
        "the\n"
        "pool's owner, else you");
    add("--group", request.group, "G",
        "Group of the files, name or number. Default: the\npool's, if its owner stays; else yours");
    add("--mode", request.mode, "M", "Permissions of the files, in octal, none for others.\nDefault: 0600");
    add("--threads", request.threads, "T",
        "Threads that touch the pages. Default: as many as the\nnode has CPUs, at most 16");
    add("--timeout", options->timeout, "SECONDS",
        "How long to try for pages, and to wait for another\nsetup or remove. Default: 60");
    add("--config", options->config, "FILE",
        "File with these options, a line each: size = 32GiB.\nThe command line wins. Default: none")
        ->configurable(false);
    app->add_flag("--dry-run", options->dry_run, "Change nothing; print the commands that would do it")
        ->configurable(false);
    app->add_flag("--json", options->json, "For programs: see hugepagectl(8)")->configurable(false);
    app->footer(
        "Only adds: pages that are there stay, and so do files that are right. Run again,\n"
        "it does what is missing. 'hugepagectl remove' takes back what setup has added.\n"
        "\n"
        "Example:\n"
        "  sudo hugepagectl setup --size 32GiB --num 2 --path /mnt/huge/pc1 --user sealer\n"
        "\n"
        "Exit status: 0 all files are there, 3 fewer, because pages are short; 4 their\n"
        "user would not be served; 5 no permission, 6 a file to be replaced is in use,\n"
        "or another setup or remove is at work.");
    app->callback([options, app, &chosen] { chosen = [options, app] { return setup(*options, *app); }; });
}

}  // namespace ctl
