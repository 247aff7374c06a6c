#include "tools/pool/setup.h"

#include "tools/common/failure.h"
#include "tools/common/terminal.h"
#include "tools/common/values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace pool {
namespace {

using tools::ExitCode;
using tools::Failure;

// Folders for the mount, the mount, old files.
Steps steps_before_pages(const Plan& plan) {
    const Trust trust{.user = plan.request.owner};
    Steps steps;
    for (const std::string& folder : plan.folders) {
        steps.push_back(folder_step(folder, trust));
    }
    if (!plan.mount.empty()) {
        steps.push_back(mount_step(plan.mount, plan.page_size, trust));
    }
    for (const NodePlan& node : plan.nodes) {
        for (const MemoryFile& file : node.replace) {
            steps.push_back(remove_file_step(file));
        }
    }
    return steps;
}

// Folders for the files, the files.
Steps steps_with_pages(const Plan& plan, const NodePlan& node, std::size_t files) {
    Steps steps;
    if (files > 0) {
        for (const std::string& folder : node.missing) {
            steps.push_back(folder_step(folder, {.user = plan.request.owner}));
        }
        steps.push_back(create_step(plan, node, files));
    }
    return steps;
}

void apply_all(const Steps& steps, Work& work) {
    for (const Step& step : steps) {
        step.apply(work);
    }
}

template <class Change>
void change_or_roll_back(const Record& before, Work& work, const Change& change) {
    try {
        change();
    } catch (...) {
        roll_back(before, work);
        throw;
    }
}

Reserving reserve_for(const NodePlan& node, ByteSize page_size, Work& work) {
    tools::Progress bar(fmt::format("node {}: allocating {} of {}", node.node.value,
                                    tools::counted(node.grow, "page"), tools::page_size_text(page_size)),
                        node.grow, [](std::uint64_t done, tools::Seconds elapsed) {
                            return fmt::format("{:.0f} pages/s", static_cast<double>(done) / elapsed.count());
                        });
    return reserve(
        node.node, page_size, node.grow, work.control, work.ledger,
        [&] { return std::chrono::steady_clock::now() >= work.deadline; },
        [&](std::uint64_t done) { bar.update(done); });
}

// Reserves, and again where more turn out to be missing: where pages that the kernel had lent beyond the
// reserved ones become reserved, none becomes free; files that were removed may have had theirs elsewhere;
// and others may have taken some. Returns the plan for what is there then.
Plan reserve_all(Plan& plan, Work& work) {
    constexpr int kRounds = 3;
    bool is_short = false;
    for (int round = 0;; ++round) {
        Plan now = make_plan(plan.request, look_at_machine(plan.request), Purpose::set_up);
        const bool is_enough =
            std::ranges::all_of(now.nodes, [](const NodePlan& node) { return node.grow == 0; });
        if (is_enough || is_short || round == kRounds) {
            return now;
        }
        for (std::size_t i = 0; i < now.nodes.size(); ++i) {
            if (now.nodes[i].grow == 0) {
                continue;
            }
            const Reserving came = reserve_for(now.nodes[i], plan.page_size, work);
            plan.nodes[i].got += came.got;
            plan.nodes[i].has_compacted |= came.has_compacted;
            plan.has_dropped_caches |= came.has_dropped_caches;
            is_short |= came.got < now.nodes[i].grow;
        }
    }
}

// As many files as there are pages for, by `now`; what was reserved in excess of them goes back.
void create_files(NodePlan& node, const Plan& plan, const NodePlan& now, Work& work) {
    const std::size_t files = std::min<std::uint64_t>(now.create.size(), now.available / now.pages_per_file);
    const std::uint64_t idle = now.available - files * now.pages_per_file;
    const std::uint64_t back = now.missing_pages > 0 ? std::min(node.got, idle) : 0;
    if (back > 0) {
        node.given_back += change_pages(node.node, plan.page_size, -static_cast<std::int64_t>(back),
                                        work.control, work.ledger);
    }
    apply_all(steps_with_pages(plan, now, files), work);
    node.created.assign(now.create.begin(), now.create.begin() + static_cast<std::ptrdiff_t>(files));
}

}  // namespace

std::vector<std::string> commands_of(const Plan& plan) {
    std::vector<std::string> commands = commands_of(steps_before_pages(plan));
    for (const NodePlan& node : plan.nodes) {
        if (node.grow > 0) {
            commands.push_back(count_command(node.node, plan.page_size, node.reserved + node.grow));
        }
    }
    for (const NodePlan& node : plan.nodes) {
        std::ranges::copy(commands_of(steps_with_pages(plan, node, node.possible)),
                          std::back_inserter(commands));
    }
    return commands;
}

void require_rights(const Plan& plan) {
    if (plan.changes_nothing()) {
        return;
    }
    if (::geteuid() != 0) {
        throw Failure(ExitCode::no_permission,
                      "setup allocates pages and mounts, which only root may; nothing was changed; use sudo "
                      "(or see with --dry-run what it would do)");
    }
    require_limits(plan.request.size);
    for (const NodePlan& node : plan.nodes) {
        std::vector<MemoryFile> old = node.replace;
        find_holders({old});
        if (const auto held = std::ranges::find_if(old, &MemoryFile::is_leased); held != old.end()) {
            throw Failure(
                ExitCode::busy,
                fmt::format("{} can't be made anew: it is in use by {} (pid {}); nothing was changed; run "
                            "this again when it has ended",
                            held->path, held->holders.front().command, held->holders.front().pid));
        }
        const std::string path = count_file("/sys", plan.page_size, node.node);
        if (node.grow > 0 && ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0) {
            throw tools::system_failure("write " + path, errno,
                                        "nothing was changed; in a container, run this on the host");
        }
    }
}

void set_up(Plan& plan, Work& work) {
    const Record before = work.ledger.record;
    change_or_roll_back(before, work, [&] {
        apply_all(steps_before_pages(plan), work);
        if (!work.removed.busy.empty()) {
            throw Failure(ExitCode::busy, work.removed.busy.front().path +
                                              " has come into use meanwhile; run this again when it is free");
        }
        if (!work.removed.left.empty()) {
            const Leftover& left = work.removed.left.front();
            tools::fail("remove {}: {}", left.path, left.why);
        }
        const Plan now = reserve_all(plan, work);
        for (std::size_t i = 0; i < now.nodes.size(); ++i) {
            create_files(plan.nodes[i], plan, now.nodes[i], work);
        }
    });
    plan.is_undone = !plan.is_complete() && std::ranges::all_of(plan.nodes, [](const NodePlan& node) {
        return node.created.empty();
    });
    if (plan.is_undone) {
        roll_back(before, work);
        for (NodePlan& node : plan.nodes) {
            node.given_back = node.got;
        }
    }
}

void create(const Plan& plan, const tools::Interrupts& interrupts) {
    require_limits(plan.request.size);
    Ledger unrecorded;
    Work work{page_control(interrupts), interrupts, unrecorded};
    change_or_roll_back({}, work, [&] {
        for (const NodePlan& node : plan.nodes) {
            apply_all(steps_with_pages(plan, node, node.create.size()), work);
        }
    });
}

std::string status_line(const Plan& plan, bool is_refused) {
    std::vector<std::string> nodes;
    for (const NodePlan& node : plan.nodes) {
        nodes.push_back(fmt::format("node {}: {} of {}", node.node.value,
                                    node.keep.size() + node.created.size(),
                                    tools::counted(node.wanted(), "file")));
    }
    return fmt::format("{}{}{}",
                       plan.is_complete() && !is_refused ? "" : "degraded: ", fmt::join(nodes, ", "),
                       plan.is_complete() && is_refused ? "; their user would not be served" : "");
}

}  // namespace pool
