#include "tools/ctl/setup/setup.h"

#include "tools/common/failure.h"
#include "tools/common/huge_pages.h"
#include "tools/common/progress.h"
#include "tools/common/wording.h"
#include "tools/ctl/setup/mounting.h"
#include "tools/ctl/setup/removing.h"
#include "tools/ctl/setup/reserve.h"
#include "tools/file_init/create.h"
#include "tools/file_init/inspect.h"
#include "tools/file_init/plan.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace ctl {
namespace {

using Clock = std::chrono::steady_clock;

bool is_missing_or_empty(const std::string& folder) {
    std::error_code error;
    return !std::filesystem::exists(folder, error) || (!error && std::filesystem::is_empty(folder, error));
}

// One setup at work.
class Work {
  public:
    Work(const SetupRequest& request, std::chrono::seconds timeout, const PageControl& control,
         Ledger& ledger, const tools::Interrupts& interrupts)
        : request_(request),
          deadline_(Clock::now() + timeout),
          control_(control),
          ledger_(ledger),
          interrupts_(interrupts) {}

    void mount(const SetupPlan& plan) {
        for (const std::string& folder : plan.folders) {
            make_folder(folder, ledger_);
        }
        if (!plan.mount.empty()) {
            mount_pages(plan.mount, plan.page_size, ledger_);
        }
    }

    void reserve_on(const NodeSetup& node, ByteSize page_size, NodeOutcome& outcome,
                    bool& has_dropped_caches) {
        tools::ProgressBar bar(
            fmt::format("node {}: reserving {} of {}", node.node.value, tools::counted(node.grow, "page"),
                        tools::page_size_text(page_size)),
            node.grow, [](std::uint64_t pages, tools::Seconds elapsed) {
                return fmt::format("{:.0f} pages/s", static_cast<double>(pages) / elapsed.count());
            });
        const auto got = reserve(
            node.node, page_size, node.grow, control_, ledger_, [&] { return Clock::now() >= deadline_; },
            [&](std::uint64_t pages) { bar.update(pages); });
        outcome.pages_got += got.got;
        outcome.has_compacted = outcome.has_compacted || got.has_compacted;
        has_dropped_caches = has_dropped_caches || got.has_dropped_caches;
    }

    // As many files as there are pages for.
    void create_on(const NodeSetup& node, ByteSize page_size, NodeOutcome& outcome) {
        const std::size_t files =
            std::min<std::uint64_t>(node.create.size(), node.available / node.pages_per_file);
        const std::uint64_t idle = node.available - files * node.pages_per_file;
        const std::uint64_t back = node.missing > 0 ? std::min(outcome.pages_got, idle) : 0;
        if (back > 0) {
            const auto by =
                change_pages(node.node, page_size, -static_cast<std::int64_t>(back), control_, ledger_);
            outcome.pages_given_back += static_cast<std::uint64_t>(-std::min<std::int64_t>(by, 0));
        }
        if (files == 0) {
            return;
        }
        file_init::Request request = request_.files;
        request.node = node.node;
        request.count = count_up_to(node, files);
        const auto facts = file_init::inspect(request, node.node);
        const auto plan = file_init::make_plan(request, facts);
        enter(facts, plan, node.node, page_size);
        file_init::create(request, facts, plan, interrupts_);
        outcome.created = plan.create;
    }

  private:
    // How far the files' numbers go if so many are to be made between those that are there.
    [[nodiscard]] std::size_t count_up_to(const NodeSetup& node, std::size_t files) const {
        file_init::Request all = request_.files;
        all.count = node.create.size() + node.keep.size();
        const std::string& last = node.create[files - 1];
        const auto paths = file_init::paths_of(all, last.substr(0, last.rfind('/')));
        return static_cast<std::size_t>(std::ranges::find(paths, last) - paths.begin()) + 1;
    }

    void enter(const file_init::Facts& facts, const file_init::Plan& plan, NodeId node, ByteSize page_size) {
        for (const std::string& folder : facts.folder.missing) {
            ledger_.record.folders.push_back(folder);
        }
        for (const std::string& path : plan.create) {
            ledger_.record.files.push_back({path, node, request_.files.size, page_size});
        }
        ledger_.save();
    }

    const SetupRequest& request_;
    Clock::time_point deadline_;
    const PageControl& control_;
    Ledger& ledger_;
    const tools::Interrupts& interrupts_;
};

SetupReport carry_out_or_throw(Work& work, const SetupRequest& request, const SetupPlan& plan) {
    SetupReport report = idle_report(plan);
    work.mount(plan);
    report.has_mounted = !plan.mount.empty();
    // Where pages that the kernel had lent beyond the reserved ones become reserved, none becomes free, and
    // more are wanting; and others may have taken some.
    constexpr int kRounds = 3;
    SetupPlan now = plan;
    for (int round = 0; round < kRounds; ++round) {
        for (std::size_t i = 0; i < now.nodes.size(); ++i) {
            if (now.nodes[i].grow > 0) {
                work.reserve_on(now.nodes[i], plan.page_size, report.nodes[i], report.has_dropped_caches);
            }
        }
        const bool is_short = std::ranges::any_of(report.nodes, [&](const NodeOutcome& node) {
            const auto& asked = now.nodes[static_cast<std::size_t>(&node - report.nodes.data())];
            return asked.grow > node.pages_got;
        });
        now = make_setup_plan(request, look_at_machine(request));
        if (is_short || std::ranges::all_of(now.nodes, [](const auto& node) { return node.grow == 0; })) {
            break;
        }
    }
    for (std::size_t i = 0; i < now.nodes.size(); ++i) {
        work.create_on(now.nodes[i], plan.page_size, report.nodes[i]);
    }
    return report;
}

}  // namespace

bool SetupReport::is_complete() const {
    return std::ranges::all_of(
        nodes, [](const auto& node) { return node.created.size() + node.kept.size() == node.wanted; });
}

SetupReport idle_report(const SetupPlan& plan) {
    SetupReport report;
    report.plan = plan;
    for (const NodeSetup& node : plan.nodes) {
        report.nodes.push_back({.node = node.node,
                                .wanted = node.create.size() + node.keep.size(),
                                .created = {},
                                .kept = node.keep,
                                .pages_per_file = node.pages_per_file,
                                .pages_asked = node.missing});
    }
    return report;
}

SetupFacts look_at_machine(const SetupRequest& request) {
    SetupFacts facts;
    facts.machine = read_machine();
    for (const Share& share : request.shares) {
        file_init::Request files = request.files;
        files.node = share.node;
        files.count = share.files;
        facts.nodes.push_back(file_init::inspect(files, share.node));
    }
    facts.place_is_empty = is_missing_or_empty(request.place);
    for (const ByteSize size : facts.machine.page_sizes) {
        const auto counts = hugepage::huge_page_counts("/sys", size, std::nullopt);
        facts.promised.emplace_back(size, counts ? counts.value().reserved : 0);
    }
    return facts;
}

void require_rights(const SetupPlan& plan, const std::string& sysfs) {
    if (plan.changes_nothing()) {
        return;
    }
    if (::geteuid() != 0) {
        throw tools::Failure(tools::ExitCode::no_permission,
                             "setup reserves pages and mounts, which only root may; nothing was changed; use "
                             "sudo (or see with --dry-run what it would do)");
    }
    for (const NodeSetup& node : plan.nodes) {
        const std::string path = count_file(sysfs, plan.page_size, node.node);
        if (node.grow > 0 && ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0) {
            throw tools::system_failure("write " + path, errno,
                                        "nothing was changed; in a container, run this on the host");
        }
    }
}

SetupReport carry_out(const SetupRequest& request, const SetupPlan& plan, std::chrono::seconds timeout,
                      const PageControl& control, Ledger& ledger, const tools::Interrupts& interrupts) {
    const Record before = ledger.record;
    try {
        Work work(request, timeout, control, ledger, interrupts);
        SetupReport report = carry_out_or_throw(work, request, plan);
        const bool is_empty =
            std::ranges::all_of(report.nodes, [](const auto& node) { return node.created.empty(); });
        if (is_empty && !report.is_complete()) {
            undo(before, control, ledger);
            report.is_undone = true;
            for (NodeOutcome& node : report.nodes) {
                node.pages_given_back = node.pages_got;
            }
        }
        return report;
    } catch (...) {
        undo(before, control, ledger);
        throw;
    }
}

}  // namespace ctl
