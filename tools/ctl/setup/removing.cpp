#include "tools/ctl/setup/removing.h"

#include "tools/common/wording.h"
#include "tools/ctl/base/places.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <iterator>

namespace ctl {
namespace {

bool is_within(const std::string& path, const std::string& folder) {
    return path.starts_with(folder) &&
           (path.size() == folder.size() || folder.ends_with('/') || path[folder.size()] == '/');
}

// In the place that is asked for, or on the way to it.
bool is_meant(const RemoveRequest& request, const std::string& path) {
    return !request.pattern || is_within(path, request.place) || is_within(request.place, path);
}

bool is_meant(const RemoveRequest& request, NodeId node) {
    return request.nodes.empty() || std::ranges::find(request.nodes, node) != request.nodes.end();
}

bool is_there(const std::string& path) {
    return ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

// Of the files, those on the node that are not to go.
std::uint64_t pages_in(const std::vector<FileMade>& files, const std::vector<PoolFile>& going,
                       const PagesToGive& pages) {
    std::uint64_t sum = 0;
    for (const FileMade& file : files) {
        const bool stays =
            std::ranges::none_of(going, [&](const PoolFile& one) { return one.file.path == file.path; });
        if (stays && file.node == pages.node && file.page_size == pages.size && is_there(file.path)) {
            sum += file.pages();
        }
    }
    return sum;
}

void forget_missing_files(Ledger& ledger) {
    std::erase_if(ledger.record.files, [](const FileMade& file) { return !is_there(file.path); });
    ledger.save();
}

void remove_files(std::vector<PoolFile>& files, RemoveReport& report) {
    for (PoolFile& file : files) {
        switch (remove_file(file)) {
            case FileFate::removed:
                report.removed.push_back(file);
                break;
            case FileFate::missing:
                break;
            case FileFate::held:
                report.busy.push_back(file);
                break;
            case FileFate::failed:
                report.left.push_back({file.file.path, std::generic_category().message(errno)});
                break;
        }
    }
}

void give_back(std::vector<PagesToGive> pages, const std::vector<FileMade>& own, const PageControl& control,
               Ledger& ledger, RemoveReport& report) {
    for (PagesToGive& one : pages) {
        one.give = pages_to_give(one.added, pages_in(own, {}, one), control.counts(one.node, one.size).free,
                                 control.spare(one.size));
        if (one.give > 0) {
            const auto by =
                change_pages(one.node, one.size, -static_cast<std::int64_t>(one.give), control, ledger);
            one.give = static_cast<std::uint64_t>(-std::min<std::int64_t>(by, 0));
        }
        report.pages.push_back(one);
    }
}

const char* why_left(Gone gone) {
    return gone == Gone::busy        ? "some process is in it"
           : gone == Gone::not_empty ? "it isn't empty"
                                     : "it can't be removed";
}

void unmount(const MountMade& mount, Ledger& ledger, RemoveReport& report) {
    const Gone gone = unmount_pages(mount, ledger);
    if (gone == Gone::removed) {
        report.mounts.push_back(mount.point);
    } else if (gone != Gone::missing) {
        report.left.push_back({mount.point, fmt::format("it stays mounted: {}", why_left(gone))});
        report.is_mount_busy = report.is_mount_busy || gone == Gone::busy;
    }
}

// Inner folders first, and mounts before the folders they are at.
void remove_places(const std::vector<std::string>& folders, std::vector<MountMade> mounts, Ledger& ledger,
                   RemoveReport& report) {
    const auto unmount_at = [&](const std::string& folder) {
        const auto at = std::ranges::find(mounts, folder, &MountMade::point);
        if (at != mounts.end()) {
            unmount(*at, ledger, report);
            mounts.erase(at);
        }
    };
    for (const std::string& folder : folders) {
        unmount_at(folder);
        const Gone gone = remove_folder(folder, ledger);
        if (gone == Gone::removed) {
            report.folders.push_back(folder);
        } else if (gone == Gone::not_empty || gone == Gone::failed) {
            report.left.push_back({folder, why_left(gone)});
        }
    }
    while (!mounts.empty()) {
        unmount_at(mounts.back().point);
    }
}

}  // namespace

std::uint64_t pages_to_give(std::uint64_t added, std::uint64_t in_files_that_stay, std::uint64_t free,
                            std::uint64_t spare) {
    return std::min({added - std::min(added, in_files_that_stay), free, spare});
}

bool RemovePlan::is_empty() const {
    return files.empty() && busy.empty() && folders.empty() && mounts.empty() && pages.empty();
}

RemovePlan make_remove_plan(const RemoveRequest& request, const Record& record, std::vector<PoolFile> files,
                            const PageControl& control) {
    RemovePlan plan;
    for (PoolFile& file : files) {
        const bool is_wanted =
            is_meant(request, file.file.node) && (!request.size || file.file.size == *request.size);
        if (is_wanted) {
            (file.holders.empty() ? plan.files : plan.busy).push_back(std::move(file));
        }
    }
    for (const PagesAdded& added : record.pages) {
        if (!is_meant(request, added.node)) {
            continue;
        }
        PagesToGive pages{added.node, added.size, added.added};
        const Pages counts = control.counts(added.node, added.size);
        std::uint64_t freed = 0;
        for (const PoolFile& file : plan.files) {
            const bool is_of_these = file.file.node == added.node && file.file.page_size == added.size;
            freed += is_of_these ? file.file.pages() : 0;
        }
        pages.reserved = counts.reserved();
        pages.give = pages_to_give(added.added, pages_in(record.files, plan.files, pages),
                                   counts.free + freed, control.spare(added.size) + freed);
        plan.pages.push_back(pages);
    }
    std::copy_if(record.folders.rbegin(), record.folders.rend(), std::back_inserter(plan.folders),
                 [&](const std::string& folder) { return is_meant(request, folder); });
    std::ranges::copy_if(record.mounts, std::back_inserter(plan.mounts),
                         [&](const MountMade& mount) { return is_meant(request, mount.point); });
    plan.is_all = !record.empty() && !request.pattern && request.nodes.empty() && !request.size &&
                  plan.busy.empty() &&
                  std::ranges::all_of(plan.pages, [](const auto& one) { return one.give == one.added; });
    return plan;
}

std::vector<std::string> commands_of(const RemovePlan& plan, const std::string& sysfs) {
    std::vector<std::string> commands;
    for (const PoolFile& file : plan.files) {
        commands.push_back("rm " + tools::quoted(file.file.path));
    }
    for (const PagesToGive& pages : plan.pages) {
        if (pages.give > 0) {
            commands.push_back(fmt::format("echo {} > {}", pages.reserved - pages.give,
                                           count_file(sysfs, pages.size, pages.node)));
        }
    }
    std::vector<MountMade> mounts = plan.mounts;
    const auto unmount = [&](const MountMade& mount) {
        commands.push_back("umount " + tools::quoted(mount.point));
    };
    for (const std::string& folder : plan.folders) {
        std::erase_if(mounts, [&](const MountMade& mount) {
            const bool is_here = mount.point == folder;
            if (is_here) {
                unmount(mount);
            }
            return is_here;
        });
        commands.push_back("rmdir " + tools::quoted(folder));
    }
    std::ranges::for_each(mounts, unmount);
    if (plan.is_all) {
        commands.push_back(fmt::format("rm -r {}", kRunFolder));
    }
    return commands;
}

bool RemoveReport::is_empty() const {
    const bool gave = std::ranges::any_of(pages, [](const PagesToGive& one) { return one.give > 0; });
    return removed.empty() && busy.empty() && !gave && folders.empty() && mounts.empty() && left.empty();
}

tools::ExitCode RemoveReport::exit_code() const {
    if (!busy.empty() || is_mount_busy) {
        return tools::ExitCode::busy;
    }
    const bool some_stay = std::ranges::any_of(pages, [](const auto& one) { return one.give < one.added; });
    return some_stay || !left.empty() ? tools::ExitCode::partial : tools::ExitCode::done;
}

RemoveReport carry_out(const RemoveRequest& request, RemovePlan plan, const PageControl& control,
                       Ledger& ledger) {
    RemoveReport report;
    report.busy = std::move(plan.busy);
    remove_files(plan.files, report);
    forget_missing_files(ledger);
    control.check();
    give_back(plan.pages, ledger.record.files, control, ledger, report);
    control.check();
    remove_places(plan.folders, plan.mounts, ledger, report);
    find_holders(report.busy);
    // Where only part was to go, or somebody holds some, the rest is where it should be.
    if (!request.nodes.empty() || request.size || !report.busy.empty()) {
        std::erase_if(report.left, [&](const Leftover& left) {
            return is_there(left.path) && left.why.ends_with(why_left(Gone::not_empty));
        });
    }
    if (request.pattern || request.size) {
        std::erase_if(report.pages, [](const PagesToGive& one) { return one.give == 0; });
    }
    return report;
}

void undo(const Record& before, const PageControl& control, Ledger& ledger) noexcept {
    const auto is_new = [](const auto& list) {
        return [&](const auto& one) { return std::ranges::find(list, one) == list.end(); };
    };
    try {
        settle_all(control, ledger);
        Record added;
        const Record& now = ledger.record;
        std::ranges::copy_if(now.files, std::back_inserter(added.files), is_new(before.files));
        std::ranges::copy_if(now.folders, std::back_inserter(added.folders), is_new(before.folders));
        std::ranges::copy_if(now.mounts, std::back_inserter(added.mounts), is_new(before.mounts));
        Record old = before;
        std::vector<PagesToGive> pages;
        for (const PagesAdded& one : now.pages) {
            const std::uint64_t earlier = old.pages_of(one.node, one.size).added;
            pages.push_back({one.node, one.size, one.added - std::min(one.added, earlier)});
        }
        RemoveReport report;
        auto files = files_of(added);
        remove_files(files, report);
        forget_missing_files(ledger);
        give_back(pages, added.files, control, ledger, report);
        std::ranges::reverse(added.folders);
        remove_places(added.folders, added.mounts, ledger, report);
    } catch (const std::exception&) {
        // What couldn't be undone is in the record, for remove.
        return;
    }
}

}  // namespace ctl
