#include "tools/pool/setup.h"

#include "tools/common/failure.h"

#include <unistd.h>

#include <algorithm>

namespace pool {
namespace {

Trust trust_of(const Request& request) {
    return {.user = request.owner};
}

void add_files(Steps& steps, const Request& request, const Plan& plan, const NodePlan& node,
               std::size_t files) {
    if (files == 0) {
        return;
    }
    for (const std::string& folder : node.missing) {
        steps.push_back(folder_step(folder, trust_of(request)));
    }
    const std::vector<std::string> paths(node.create.begin(),
                                         node.create.begin() + static_cast<std::ptrdiff_t>(files));
    // New files belong to whom the pool's files belong to, unless it was said. Another user's group would go
    // on with what was the last one's.
    Request files_of_pool = request;
    if (plan.owner && request.owner.value_or(plan.owner->first) == plan.owner->first) {
        files_of_pool.owner = plan.owner->first;
        files_of_pool.group = request.group.value_or(plan.owner->second);
    }
    steps.push_back(create_step(files_of_pool, node.node, plan.page_size, paths, node.keep.size()));
}

Step step_to_grow(const NodePlan& node, ByteSize page_size, Reserving* got) {
    return reserve_step({.node = node.node, .size = page_size, .added = node.grow, .reserved = node.reserved},
                        got);
}

std::vector<PoolFile> old_files(const Plan& plan) {
    std::vector<PoolFile> files;
    for (const NodePlan& node : plan.nodes) {
        for (const FileFacts& file : node.replace) {
            files.push_back({{file.path, node.node, file.size, plan.page_size}, file.id, {}});
        }
    }
    if (!files.empty()) {
        find_holders(files);
    }
    return files;
}

// As many files as there are pages for; what was reserved in excess of them goes back.
std::size_t files_to_create(const NodePlan& node, NodeOutcome& outcome, ByteSize page_size, Work& work) {
    const std::size_t files =
        std::min<std::uint64_t>(node.create.size(), node.available / node.pages_per_file);
    const std::uint64_t idle = node.available - files * node.pages_per_file;
    const std::uint64_t back = node.missing_pages > 0 ? std::min(outcome.pages_got, idle) : 0;
    if (back > 0) {
        const auto by =
            change_pages(node.node, page_size, -static_cast<std::int64_t>(back), work.control, *work.ledger);
        outcome.pages_given_back += static_cast<std::uint64_t>(-std::min<std::int64_t>(by, 0));
    }
    return files;
}

Plan plan_again(const Request& request) {
    return make_plan(request, look_at_machine(request), Purpose::set_up);
}

// Reserves, and again where more turn out to be missing: where pages that the kernel had lent beyond the
// reserved ones become reserved, none becomes free; and others may have taken some. Returns the plan for what
// is there then.
Plan reserve_all(const Request& request, const Plan& plan, SetupReport& report, Applied& applied) {
    constexpr int kRounds = 3;
    Plan now = plan;
    bool is_short = false;
    for (int round = 0; round < kRounds && !is_short; ++round) {
        bool has_grown = false;
        for (std::size_t i = 0; i < now.nodes.size(); ++i) {
            const NodePlan& node = now.nodes[i];
            if (node.grow == 0) {
                continue;
            }
            Reserving got;
            applied.apply({step_to_grow(node, plan.page_size, &got)});
            report.nodes[i].pages_got += got.got;
            report.nodes[i].has_compacted |= got.has_compacted;
            report.has_dropped_caches |= got.has_dropped_caches;
            is_short |= got.got < node.grow;
            has_grown = true;
        }
        if (!has_grown) {
            break;
        }
        now = plan_again(request);
    }
    return now;
}

}  // namespace

SetupSteps steps_of(const Request& request, const Plan& plan) {
    SetupSteps steps;
    for (const std::string& folder : plan.folders) {
        steps.prepare.push_back(folder_step(folder, trust_of(request)));
    }
    if (!plan.mount.empty()) {
        steps.prepare.push_back(mount_step({plan.mount, plan.page_size}, trust_of(request)));
    }
    for (const PoolFile& file : old_files(plan)) {
        steps.prepare.push_back(replace_step(file));
    }
    for (const NodePlan& node : plan.nodes) {
        if (node.grow > 0) {
            steps.reserve.push_back(step_to_grow(node, plan.page_size, nullptr));
        }
        add_files(steps.create, request, plan, node, node.possible);
    }
    return steps;
}

std::vector<std::string> commands_of(const Request& request, const Plan& plan) {
    std::vector<std::string> commands;
    const SetupSteps steps = steps_of(request, plan);
    for (const Steps* list : {&steps.prepare, &steps.reserve, &steps.create}) {
        for (const Step& step : *list) {
            commands.push_back(step.shell);
        }
    }
    return commands;
}

bool SetupReport::is_complete() const {
    return std::ranges::all_of(
        nodes, [](const auto& node) { return node.created.size() + node.kept.size() == node.wanted; });
}

SetupReport idle_report(const Plan& plan) {
    SetupReport report;
    report.plan = plan;
    for (const NodePlan& node : plan.nodes) {
        report.nodes.push_back({.node = node.node,
                                .wanted = node.create.size() + node.keep.size(),
                                .created = {},
                                .kept = node.keep,
                                .replaced = node.replace.size(),
                                .pages_per_file = node.pages_per_file,
                                .pages_asked = node.missing_pages});
    }
    return report;
}

void require_rights(const Request& request, const Plan& plan) {
    if (plan.changes_nothing()) {
        return;
    }
    if (::geteuid() != 0) {
        throw tools::Failure(
            tools::ExitCode::no_permission,
            "setup reserves pages and mounts, which only root may; nothing was changed; use sudo (or "
            "see with --dry-run what it would do)");
    }
    require_limits(request.size);
    const SetupSteps steps = steps_of(request, plan);
    for (const Steps* list : {&steps.prepare, &steps.reserve, &steps.create}) {
        for (const Step& step : *list) {
            step.check();
        }
    }
}

SetupReport set_up(const Request& request, const Plan& plan, Work& work) {
    SetupReport report = idle_report(plan);
    Applied applied(work);
    applied.apply(steps_of(request, plan).prepare);
    report.has_mounted = !plan.mount.empty();
    const Plan now = reserve_all(request, plan, report, applied);
    for (std::size_t i = 0; i < now.nodes.size(); ++i) {
        const std::size_t files = files_to_create(now.nodes[i], report.nodes[i], plan.page_size, work);
        Steps create;
        add_files(create, request, plan, now.nodes[i], files);
        applied.apply(create);
        const auto& paths = now.nodes[i].create;
        report.nodes[i].created.assign(paths.begin(), paths.begin() + static_cast<std::ptrdiff_t>(files));
    }
    const bool is_empty =
        std::ranges::all_of(report.nodes, [](const auto& node) { return node.created.empty(); });
    report.is_undone = is_empty && !report.is_complete();
    if (report.is_undone) {
        applied.undo();
        for (NodeOutcome& node : report.nodes) {
            node.pages_given_back = node.pages_got;
        }
    }
    applied.keep();
    return report;
}

void create(const Request& request, const Plan& plan, const tools::Interrupts& interrupts) {
    require_limits(request.size);
    Work work{.control = page_control(interrupts), .interrupts = interrupts};
    Applied applied(work);
    Plan own = plan;
    own.owner.reset();
    applied.apply(steps_of(request, own).create);
    applied.keep();
}

}  // namespace pool
