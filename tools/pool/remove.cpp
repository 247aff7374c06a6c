#include "tools/pool/remove.h"

#include "shim/base/text_file.h"
#include "tools/pool/environment.h"
#include "tools/pool/places.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <ranges>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace pool {
namespace {

bool is_within(const std::string& path, const std::string& folder) {
    return path.starts_with(folder) &&
           (path.size() == folder.size() || folder.ends_with('/') || path[folder.size()] == '/');
}

// In a place that is asked for, or on the way to it.
bool is_meant(const RemoveRequest& request, const std::string& path) {
    return request.places.empty() || std::ranges::any_of(request.places, [&](const std::string& place) {
               return is_within(path, place) || is_within(place, path);
           });
}

bool is_meant(const RemoveRequest& request, NodeId node) {
    return request.nodes.empty() || std::ranges::find(request.nodes, node) != request.nodes.end();
}

// The last ones first, "…_10" after "…_9"; of each node at most so many.
void keep_last(std::vector<PoolFile>& files, std::size_t count) {
    std::ranges::sort(files, std::ranges::greater{},
                      [](const PoolFile& one) { return std::tuple(one.file.path.size(), one.file.path); });
    std::map<NodeId, std::size_t> taken;
    std::erase_if(files, [&](const PoolFile& one) { return ++taken[one.file.node] > count; });
    std::ranges::reverse(files);
}

// Commands don't look: umount would end the files that stay, and what is in them.
RemovePlan without_what_stays(RemovePlan plan) {
    std::set<std::string> gone;
    for (const PoolFile& file : plan.files) {
        gone.insert(file.file.path);
    }
    const auto goes = [&](const std::string& folder) {
        bool is_empty = true;
        const auto listed = hugepage::for_each_entry(folder.c_str(), [&](std::string_view name) {
            is_empty = is_empty && gone.contains(folder + "/" + std::string(name));
        });
        return listed ? is_empty : listed.error().code == ENOENT;
    };
    std::vector<std::string> folders;
    for (const std::string& folder : std::views::reverse(plan.folders)) {
        if (goes(folder)) {
            gone.insert(folder);
            folders.insert(folders.begin(), folder);
        }
    }
    plan.is_all = plan.is_all && folders.size() == plan.folders.size();
    plan.folders = std::move(folders);
    plan.is_all =
        std::erase_if(plan.mounts, [&](const MountMade& mount) { return !goes(mount.point); }) == 0 &&
        plan.is_all;
    return plan;
}

}  // namespace

bool RemoveRequest::is_choice() const {
    return pattern || !paths.empty() || !nodes.empty() || size || count;
}

RemovePlan make_remove_plan(const RemoveRequest& request, const Record& record, std::vector<PoolFile> files,
                            const PageControl& control) {
    RemovePlan plan;
    for (PoolFile& file : files) {
        if (is_meant(request, file.file.node) && (!request.size || file.file.size == *request.size)) {
            (file.holders.empty() ? plan.files : plan.busy).push_back(std::move(file));
        }
    }
    if (request.count) {
        keep_last(plan.files, *request.count);
        // Those in use matter only where too few are free.
        const auto free_on = [&](NodeId node) {
            return static_cast<std::size_t>(
                std::ranges::count(plan.files, node, [](const PoolFile& one) { return one.file.node; }));
        };
        std::erase_if(plan.busy,
                      [&](const PoolFile& one) { return free_on(one.file.node) >= *request.count; });
    }
    for (const PagesAdded& added : record.pages) {
        if (!is_meant(request, added.node)) {
            continue;
        }
        PagesToGive pages{.node = added.node, .size = added.size, .added = added.added};
        const Pages counts = control.counts(added.node, added.size);
        std::uint64_t freed = 0;
        std::uint64_t stay = 0;
        const auto is_of_these = [&](const FileMade& file) {
            return file.node == added.node && file.page_size == added.size;
        };
        for (const PoolFile& file : plan.files) {
            freed += is_of_these(file.file) ? file.file.pages() : 0;
        }
        for (const FileMade& file : record.files) {
            const bool goes = std::ranges::any_of(
                plan.files, [&](const PoolFile& one) { return one.file.path == file.path; });
            stay += !goes && is_of_these(file) && is_there(file.path) ? file.pages() : 0;
        }
        pages.reserved = counts.reserved();
        pages.due = added.added - std::min(added.added, stay);
        pages.give = std::min({pages.due, counts.free + freed, control.machine(added.size).spare() + freed});
        plan.pages.push_back(pages);
    }
    std::ranges::copy_if(record.folders, std::back_inserter(plan.folders),
                         [&](const std::string& folder) { return is_meant(request, folder); });
    std::ranges::copy_if(record.mounts, std::back_inserter(plan.mounts),
                         [&](const MountMade& mount) { return is_meant(request, mount.point); });
    plan.is_all = !record.empty() && !request.is_choice() && plan.busy.empty() &&
                  std::ranges::all_of(plan.pages, [](const auto& one) { return one.give == one.added; });
    const bool has_places = !request.places.empty() && (!plan.mounts.empty() || !plan.folders.empty());
    if (request.is_choice() && plan.files.empty() && plan.busy.empty() && (request.size || !has_places)) {
        throw tools::Failure(
            tools::ExitCode::failed,
            "there is no such memory file, so nothing was removed; see 'hugepagectl status'");
    }
    return plan;
}

Steps RemovePlan::steps() const {
    Steps steps;
    std::vector<MountMade> rest = mounts;
    const auto mount_at = [&](const std::string& folder) {
        const auto at = std::ranges::find(rest, folder, &MountMade::point);
        if (at != rest.end()) {
            steps.push_back(mount_step(*at, kAnybody, Origin::record));
            rest.erase(at);
        }
    };
    // Mounts at folders that were there, and then each after the folder that it is at.
    for (const MountMade& mount : mounts) {
        if (std::ranges::find(folders, mount.point) == folders.end()) {
            mount_at(mount.point);
        }
    }
    for (const std::string& folder : folders) {
        steps.push_back(folder_step(folder, kAnybody, Origin::record));
        mount_at(folder);
    }
    for (const PagesToGive& one : std::views::reverse(pages)) {
        steps.push_back(reserved_step(one));
    }
    steps.push_back(created_step(files));
    return steps;
}

std::vector<std::string> RemovePlan::commands() const {
    std::vector<std::string> commands;
    const RemovePlan plan = without_what_stays(*this);
    const Steps list = plan.steps();
    for (const Step& step : std::views::reverse(list)) {
        std::ranges::copy(ctl::words_of(step.shell_back, "\n"), std::back_inserter(commands));
    }
    if (plan.is_all) {
        commands.push_back(fmt::format("rm -r {}", kRunFolder));
    }
    return commands;
}

Undone remove(const RemoveRequest& request, const RemovePlan& plan, Work& work) {
    Undone undone;
    undone.busy = plan.busy;
    const Steps steps = plan.steps();
    for (const Step& step : std::views::reverse(steps)) {
        work.control.check();
        try {
            step.undo(work, undone);
        } catch (const tools::Failure& failure) {
            // A way that another user has spoilt must not keep the rest.
            undone.left.push_back({step.shell_back, failure.what()});
        }
    }
    find_holders(undone.busy);
    // Where only part was to go, somebody holds some, or it is on the way to what was to go, the rest is
    // where it should be.
    const bool is_part = !request.nodes.empty() || request.size || request.count || !request.paths.empty();
    std::erase_if(undone.left, [&](const Leftover& left) {
        const bool is_on_the_way = std::ranges::any_of(request.places, [&](const std::string& place) {
            return left.path != place && is_within(place, left.path);
        });
        return left.has_content && (is_part || is_on_the_way || !undone.busy.empty());
    });
    if (request.is_choice()) {
        std::erase_if(undone.pages, [](const PagesToGive& one) { return one.give == 0 && one.due == 0; });
    }
    return undone;
}

tools::ExitCode exit_code_of(const Undone& undone) {
    const auto is_in_use = [](const Leftover& left) { return left.is_in_use; };
    if (!undone.busy.empty() || std::ranges::any_of(undone.left, is_in_use)) {
        return tools::ExitCode::busy;
    }
    const bool some_stay =
        std::ranges::any_of(undone.pages, [](const auto& one) { return one.give < one.due; });
    return some_stay || !undone.left.empty() ? tools::ExitCode::partial : tools::ExitCode::done;
}

}  // namespace pool
