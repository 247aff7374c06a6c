// hugepagectl setup: hugetlbfs, pages and files, as far as they are missing.
#include "tools/common/failure.h"
#include "tools/common/interrupts.h"
#include "tools/common/service_manager.h"
#include "tools/common/values.h"
#include "tools/common/wording.h"
#include "tools/ctl/commands.h"
#include "tools/ctl/findings.h"
#include "tools/ctl/setup/reports.h"
#include "tools/pool/config_file.h"
#include "tools/pool/lock.h"
#include "tools/pool/setup.h"
#include "tools/report/report.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <memory>
#include <optional>
#include <string>

namespace ctl {
namespace {

using tools::ExitCode;

constexpr std::size_t kLongestTimeout = 86400;

struct SetupOptions {
    pool::RequestOptions request = pool::setup_defaults();
    std::string config;
    std::string timeout = "60";
    bool dry_run = false;
    bool json = false;
};

pool::Plan plan_for(const pool::Request& request) {
    return pool::make_plan(request, pool::look_at_machine(request), pool::Purpose::set_up);
}

// Of what there was to do, and what came of it.
pool::Plan set_up(const pool::Request& request, std::chrono::seconds timeout) {
    const tools::Interrupts interrupts;
    // Before anything is changed, the lock's folder included.
    pool::Plan plan = plan_for(request);
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
ExitCode say(const pool::Plan& plan, const Machine& machine, bool json) {
    const auto& pattern = plan.request.pattern;
    const Findings findings = plan.is_complete() ? refusals({pattern, option_of(pattern)}, plan.request.owner)
                                                 : shortages(plan, machine);
    const Json report = setup_report(plan, findings);
    print(json ? as_json("setup", report) : setup_text(report, Terminal::of_stdout()));
    tools::tell_service_manager(setup_status(report));
    return !plan.is_complete()                  ? ExitCode::partial
           : count(findings, Verdict::fail) > 0 ? ExitCode::check_failed
                                                : ExitCode::done;
}

ExitCode preview(const pool::Request& request, const Machine& machine, bool json) {
    const pool::Plan plan = plan_for(request);
    const pool::Plan done = as_if_done(plan);
    Json report = setup_report(done, shortages(done, machine));
    report["dry_run"] = true;
    report["commands"] = pool::commands_of(plan);
    print(json ? as_json("setup", report) : setup_text(report, Terminal::of_stdout()));
    return ExitCode::done;
}

Action chosen_action(const SetupOptions& options) {
    const Machine machine = read_machine();
    const pool::Request request = pool::request_of(options.request, machine);
    const std::chrono::seconds timeout(count_of("--timeout", options.timeout, kLongestTimeout));
    return [=, dry_run = options.dry_run, json = options.json] {
        if (dry_run) {
            return preview(request, machine, json);
        }
        const pool::Plan plan = set_up(request, timeout);
        // Signals end this process again as they do others.
        return say(plan, machine, json);
    };
}

}  // namespace

void describe_setup(CLI::App& program, Action& chosen) {
    CLI::App* app = program.add_subcommand("setup", "Mount hugetlbfs, allocate pages, create memory files");
    const auto options = std::make_shared<SetupOptions>();
    pool::RequestOptions& request = options->request;
    const auto add = [&](const std::string& name, std::string& value, const char* value_name,
                         const char* help) {
        app->add_option("--" + name, value, help)->option_text(value_name);
    };
    add("size", request.size, "SIZE", "Size of each file, e.g. 32GiB. Needed");
    add("num", request.num, "N", "Files on each node. Default: 2, as one sector needs");
    add("node", request.node, "NODES",
        "Nodes: all, 0,1 or 0-3; 0:4,1:2 with a number of\nfiles each. Default: all");
    add("path", request.path, "DIR",
        "Folder; the files go to DIR/numa_<N>. This or\n--path-pattern is needed");
    add("path-pattern", request.pattern, "P",
        "Folder for the files, with $NUMA_NODE_INDEX for the\nnode's number (quote it). Wins over --path");
    add("page-size", request.page_size, "SIZE",
        "auto, 1GiB or 2MiB. Default: auto, the size that is\nmounted there; else 1GiB if all are free; else "
        "2MiB");
    add("user", request.user, "U",
        "Owner of the files, name or number. Free files of\nanother user are removed and made anew. Default: "
        "the\n"
        "pool's owner, else you");
    add("group", request.group, "G",
        "Group of the files, name or number. Default: the\npool's, if its owner stays; else yours");
    add("mode", request.mode, "M", "Permissions of the files, in octal, none for others.\nDefault: 0600");
    add("threads", request.threads, "T",
        "Threads that touch the pages. Default: as many as the\nnode has CPUs, at most 16");
    add("timeout", options->timeout, "SECONDS",
        "How long to try for pages, and to wait for another\nsetup or remove. Default: 60");
    app->add_option(
           "--config", options->config,
           "File with these options, a line each: size = 32GiB.\nThe command line wins. Default: none")
        ->option_text("FILE")
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
    app->callback([options, app, &chosen] {
        if (!options->config.empty()) {
            read_config(options->config, *app);
        }
        chosen = chosen_action(*options);
    });
}

}  // namespace ctl
