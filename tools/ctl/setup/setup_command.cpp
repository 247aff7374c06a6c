// hugepagectl setup: hugetlbfs, pages and files, as far as they are wanting.
#include "tools/common/failure.h"
#include "tools/common/interrupts.h"
#include "tools/common/values.h"
#include "tools/common/wording.h"
#include "tools/ctl/base/places.h"
#include "tools/ctl/commands.h"
#include "tools/ctl/findings.h"
#include "tools/ctl/setup/pool_place.h"
#include "tools/ctl/setup/run_lock.h"
#include "tools/ctl/setup/setup.h"
#include "tools/ctl/setup/setup_report.h"
#include "tools/pool/config_file.h"
#include "tools/report/report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <limits>
#include <map>
#include <memory>
#include <string>

namespace ctl {
namespace {

using tools::ExitCode;

constexpr std::size_t kLongestTimeout = 86400;

struct SetupOptions {
    std::string size, path, pattern, user, group, mode, threads, config;
    std::string num = "2";
    std::string node = "all";
    std::string page_size = "auto";
    std::string timeout = "60";
    bool dry_run = false;
    bool json = false;
    std::map<std::string, std::string*> by_name;
    std::map<std::string, bool> is_given;
};

// Nothing where the option was left out.
template <class Parse>
auto optional_value(const char* option, const std::string& text, const char* what, Parse parse)
    -> decltype(parse(text)) {
    if (text.empty()) {
        return {};
    }
    auto value = parse(text);
    if (!value) {
        tools::refuse(fmt::format("{}: '{}' is no {}.", option, text, what));
    }
    return value;
}

void require_possible(const SetupRequest& request) {
    auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    for (const Share& share : request.shares) {
        if (request.files.size.bytes > most / share.files) {
            tools::refuse(fmt::format("--size: so many files of {} are more than can be.",
                                      request.files.size_as_typed));
        }
        most -= request.files.size.bytes * share.files;
    }
}

SetupRequest checked(const SetupOptions& options, const Machine& machine) {
    if (options.size.empty()) {
        tools::refuse("--size is needed, as 32GiB.");
    }
    SetupRequest request;
    request.files.size = size_of("--size", options.size);
    request.files.size_as_typed = options.size;
    request.shares = shares_of(options.node, count_of("--num", options.num, kMostFiles), machine);
    request.page_size = page_size_of(options.page_size, machine);
    const PoolPlace place = pool_place(options.path, options.pattern);
    request.files.pattern = place.pattern;
    request.place = place.folder;
    request.where = place.option;
    request.files.owner = optional_value("--user", options.user, "user of this system", tools::parse_user);
    request.files.group =
        optional_value("--group", options.group, "group of this system", tools::parse_group);
    request.files.mode =
        optional_value("--mode", options.mode, "octal mode from 0 to 0777", tools::parse_mode);
    if ((request.files.mode.value_or(0) & S_IRWXO) != 0) {
        tools::refuse("--mode: the shim will not use files that everybody may open.");
    }
    if (!options.threads.empty()) {
        request.files.threads = static_cast<int>(count_of("--threads", options.threads, hugepage::kMaxCpus));
    }
    require_possible(request);
    return request;
}

ExitCode preview(const SetupRequest& request, const Machine& machine, bool json) {
    const SetupPlan plan = make_setup_plan(request, look_at_machine(request));
    print(json ? as_json("setup", setup_preview_json(plan, request))
               : setup_preview_text(plan, request, machine));
    return ExitCode::done;
}

ExitCode set_up(const SetupRequest& request, const Machine& machine, std::chrono::seconds timeout,
                bool json) {
    const tools::Interrupts interrupts;
    // Before anything is changed, the lock's folder included.
    require_rights(make_setup_plan(request, look_at_machine(request)));
    const PageControl control = page_control(interrupts);
    const auto act = [&](Ledger* ledger) {
        const SetupPlan plan = make_setup_plan(request, look_at_machine(request));
        const SetupReport report = plan.changes_nothing() || ledger == nullptr
                                       ? idle_report(plan)
                                       : carry_out(request, plan, timeout, control, *ledger, interrupts);
        const Findings refused = report.is_complete()
                                     ? refusals({request.files.pattern, request.where}, request.files.owner)
                                     : Findings{};
        const Json judged = findings_report(refused);
        if (json) {
            Json whole = setup_json(report, request, machine);
            whole.update(judged);
            print(as_json("setup", whole));
        } else {
            // That all is there is not said over files that will not be used.
            const Terminal terminal = Terminal::of_stdout();
            print((plan.changes_nothing() && !refused.empty() ? "" : setup_text(report, request, machine)) +
                  (refused.empty() ? ""
                                   : "\n" + findings_text(judged.at("findings"), terminal) +
                                         summary_text(judged, terminal)));
        }
        return !report.is_complete()               ? ExitCode::partial
               : count(refused, Verdict::fail) > 0 ? ExitCode::check_failed
                                                   : ExitCode::done;
    };
    if (::geteuid() != 0) {
        return act(nullptr);  // there is nothing to do, else the rights were missing
    }
    const RunLock lock(kRunFolder, timeout, interrupts);
    Ledger ledger(kRunFolder, boot_id("/proc"));
    settle_all(control, ledger);
    return act(&ledger);
}

Action chosen_action(SetupOptions& options) {
    if (!options.config.empty()) {
        read_config(options.config, options.by_name, options.is_given);
    }
    const Machine machine = read_machine();
    const SetupRequest request = checked(options, machine);
    const std::chrono::seconds timeout(count_of("--timeout", options.timeout, kLongestTimeout));
    return [=, dry_run = options.dry_run, json = options.json] {
        return dry_run ? preview(request, machine, json) : set_up(request, machine, timeout, json);
    };
}

}  // namespace

void describe_setup(CLI::App& program, Action& chosen) {
    CLI::App* app = program.add_subcommand("setup", "Mount hugetlbfs, reserve pages, create memory files");
    const auto options = std::make_shared<SetupOptions>();
    const auto add = [&](const std::string& name, std::string& value, const char* value_name,
                         const char* help) {
        app->add_option("--" + name, value, help)->option_text(value_name);
        options->by_name[name] = &value;
    };
    add("size", options->size, "SIZE", "Size of each file, e.g. 32GiB. Needed");
    add("num", options->num, "N", "Files on each node. Default: 2, as one sector needs");
    add("node", options->node, "NODES",
        "Nodes: all, 0,1 or 0-3; 0:4,1:2 with a number of\nfiles each. Default: all");
    add("path", options->path, "DIR",
        "Folder; the files go to DIR/numa_<N>. This or\n--path-pattern is needed");
    add("path-pattern", options->pattern, "P",
        "Folder for the files, with $NUMA_NODE_INDEX for the\nnode's number (quote it). Wins over --path");
    add("page-size", options->page_size, "SIZE",
        "auto, 1GiB or 2MiB. Default: auto, the size that is\nmounted there; else 1GiB if all are free; else "
        "2MiB");
    add("user", options->user, "U", "Owner of the files, name or number. Default: you");
    add("group", options->group, "G", "Group of the files, name or number. Default: yours");
    add("mode", options->mode, "M", "Permissions of the files, in octal. Default: 0600");
    add("threads", options->threads, "T",
        "Threads that fetch the pages. Default: as many as the\nnode has CPUs, at most 16");
    add("timeout", options->timeout, "SECONDS",
        "How long to try for pages, and to wait for another\nsetup or remove. Default: 60");
    app->add_option(
           "--config", options->config,
           "File with these options, a line each: size = 32GiB.\nThe command line wins. Default: none")
        ->option_text("FILE");
    app->add_flag("--dry-run", options->dry_run, "Change nothing; print the commands that would do it");
    app->add_flag("--json", options->json, "For programs: see hugepagectl(8)");
    app->footer(
        "Only adds: pages that are there stay, and so do files that are right. Run again,\n"
        "it does what is wanting. 'hugepagectl remove' takes back what setup has added.\n"
        "\n"
        "Example:\n"
        "  sudo hugepagectl setup --size 32GiB --num 2 --path /mnt/huge/pc1 --user sealer\n"
        "\n"
        "Exit status: 0 all files are there, 3 fewer, for lack of pages; 4 their user\n"
        "would not be served; 5 no permission, 6 another setup or remove is at work.");
    app->callback([options, app, &chosen] {
        for (const auto& [name, value] : options->by_name) {
            options->is_given[name] = app->count("--" + name) > 0;
        }
        chosen = chosen_action(*options);
    });
}

}  // namespace ctl
