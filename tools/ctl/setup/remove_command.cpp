// hugepagectl remove: takes away free memory files, and what setup has added for them.
#include "tools/common/failure.h"
#include "tools/common/interrupts.h"
#include "tools/ctl/base/places.h"
#include "tools/ctl/commands.h"
#include "tools/ctl/setup/pool_place.h"
#include "tools/ctl/setup/remove_report.h"
#include "tools/ctl/setup/run_lock.h"
#include "tools/ctl/values.h"
#include "tools/report/report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <memory>
#include <string>

namespace ctl {
namespace {

using tools::ExitCode;

struct RemoveOptions {
    std::string path, pattern, node, size;
    bool all = false;
    bool dry_run = false;
    bool json = false;
};

RemoveRequest checked(const RemoveOptions& options) {
    const bool has_place = !options.path.empty() || !options.pattern.empty();
    if (options.all && (has_place || !options.node.empty() || !options.size.empty())) {
        tools::refuse("--all goes with no other choice of what to remove.");
    }
    RemoveRequest request;
    if (has_place) {
        const PoolPlace place = pool_place(options.path, options.pattern);
        request.pattern = place.pattern;
        request.place = place.folder;
    }
    if (!options.node.empty() && options.node != "all") {
        if (options.node.find(':') != std::string::npos) {
            tools::refuse(fmt::format("--node: '{}' is no list of nodes; write 0,1 or 0-3.", options.node));
        }
        for (const Share& share : shares_of(options.node, 1, read_machine())) {
            request.nodes.push_back(share.node);
        }
    }
    if (!options.size.empty()) {
        request.size = size_of("--size", options.size);
    }
    return request;
}

RemovePlan plan_for(const RemoveRequest& request, const Record& record, const PageControl& control) {
    auto files = request.pattern ? files_of(*request.pattern) : files_of(record);
    find_holders(files);
    return make_remove_plan(request, record, std::move(files), control);
}

ExitCode preview(const RemoveRequest& request, bool json) {
    const tools::Interrupts interrupts;
    const PageControl control = page_control(interrupts);
    Record record = Ledger(kRunFolder, boot_id("/proc")).record;
    for (PagesAdded& pages : record.pages) {
        pages.settle(control.counts(pages.node, pages.size).reserved());
    }
    const RemovePlan plan = plan_for(request, record, control);
    print(json ? as_json("remove", remove_preview_json(plan)) : remove_preview_text(plan));
    return ExitCode::done;
}

ExitCode remove_it(const RemoveRequest& request, bool json) {
    if (::geteuid() != 0) {
        throw tools::Failure(ExitCode::no_permission,
                             "remove takes away pages and mounts, which only root may; nothing was changed; "
                             "use sudo (or see with --dry-run what it would do)");
    }
    constexpr std::chrono::seconds kPatience{10};
    const tools::Interrupts interrupts;
    const PageControl control = page_control(interrupts);
    const RunLock lock(kRunFolder, kPatience, interrupts);
    Ledger ledger(kRunFolder, boot_id("/proc"));
    settle_all(control, ledger);
    const RemoveReport report =
        carry_out(request, plan_for(request, ledger.record, control), control, ledger);
    print(json ? as_json("remove", remove_json(report)) : remove_text(report));
    return report.exit_code();
}

}  // namespace

void describe_remove(CLI::App& program, Action& chosen) {
    CLI::App* app = program.add_subcommand("remove", "Take back what setup has added, but for files in use");
    const auto options = std::make_shared<RemoveOptions>();
    app->add_option("--path", options->path,
                    "Only files in DIR/numa_<N>, setup's or not.\nDefault: what setup has made")
        ->option_text("DIR");
    app->add_option("--path-pattern", options->pattern,
                    "The same, with $NUMA_NODE_INDEX for the node's number\n(quote it). Wins over --path")
        ->option_text("P");
    app->add_option("--node", options->node, "Only these nodes: all, 0,1 or 0-3. Default: all")
        ->option_text("NODES");
    app->add_option("--size", options->size, "Only files of this size, e.g. 32GiB. Default: any")
        ->option_text("SIZE");
    app->add_flag("--all", options->all, "All that setup has made (as without any option)");
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
        "Exit status: 0 all is gone, 3 something else is left, 5 no permission, 6 some\n"
        "files are in use.");
    app->callback([options, &chosen] {
        const RemoveRequest request = checked(*options);
        chosen = [=, dry_run = options->dry_run, json = options->json] {
            return dry_run ? preview(request, json) : remove_it(request, json);
        };
    });
}

}  // namespace ctl
