#include "tools/pool/remove.h"

#include "shim/base/text_file.h"
#include "tools/pool/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace pool {
namespace {

std::string folder_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

bool is_within(const std::string& path, const std::string& folder) {
    return path.starts_with(folder) &&
           (path.size() == folder.size() || folder.ends_with('/') || path[folder.size()] == '/');
}

// The folders that it is about; empty: all.
std::vector<std::string> places_of(const RemoveRequest& request) {
    std::vector<std::string> places;
    if (request.pattern) {
        places.push_back(place_of(*request.pattern));
    }
    std::ranges::transform(request.paths, std::back_inserter(places), folder_of);
    return places;
}

// In a place that is asked for, or on the way to it.
bool is_meant(const RemoveRequest& request, const std::string& path) {
    const auto places = places_of(request);
    return places.empty() || std::ranges::any_of(places, [&](const std::string& place) {
               return is_within(path, place) || is_within(place, path);
           });
}

bool is_meant(const RemoveRequest& request, NodeId node) {
    return !request.nodes || request.nodes->contains(node);
}

NodeId node_of(const std::string& path, const Record& record) {
    const auto made = std::ranges::find(record.files, path, &FileMade::path);
    const std::string folder = folder_of(path);
    const auto number = hugepage::parse_number(folder.substr(folder.find_last_not_of("0123456789") + 1),
                                               hugepage::kMaxNodes - 1);
    return made != record.files.end() ? made->node : NodeId{static_cast<int>(number.value_or(0))};
}

// The last ones first, "…_10" after "…_9"; of each node at most so many.
void keep_last(std::vector<MemoryFile>& files, std::size_t count) {
    std::ranges::sort(files, std::ranges::greater{},
                      [](const MemoryFile& file) { return std::tuple(file.path.size(), file.path); });
    std::map<NodeId, std::size_t> taken;
    std::erase_if(files, [&](const MemoryFile& file) { return ++taken[file.node] > count; });
    std::ranges::reverse(files);
}

bool has(const std::vector<MemoryFile>& files, const std::string& path) {
    return std::ranges::find(files, path, &MemoryFile::path) != files.end();
}

// What is to be given back once the files are gone.
PagesToGive pages_to_give(const PagesAdded& added, const std::vector<MemoryFile>& files, const Record& record,
                          const PageControl& control) {
    const auto pages_of = [&](const MemoryFile& file) {
        return file.node == added.node && file.file_system.page_size == added.size ? file.pages() : 0;
    };
    std::uint64_t freed = 0;
    for (const MemoryFile& file : files) {
        freed += pages_of(file);
    }
    std::uint64_t stay = 0;
    for (const FileMade& made : record.files) {
        const auto file = has(files, made.path) ? std::nullopt : look_at(made.path, made.node);
        stay += file ? pages_of(*file) : 0;
    }
    const ctl::Pages counts = control.counts(added.node, added.size);
    const std::uint64_t due = added.added - std::min(added.added, stay);
    return {.node = added.node,
            .size = added.size,
            .added = added.added,
            .due = due,
            .give = std::min({due, counts.free + freed, control.machine(added.size).spare() + freed}),
            .reserved = counts.reserved()};
}

// Commands don't look: umount would end the files that stay, and what is in them.
Removal without_what_stays(Removal plan) {
    std::set<std::string> gone;
    for (const MemoryFile& file : plan.files) {
        gone.insert(file.path);
    }
    const auto stays = [&](const std::string& folder) {
        bool is_empty = true;
        const auto listed = hugepage::for_each_entry(folder.c_str(), [&](std::string_view name) {
            is_empty = is_empty && gone.contains(folder + "/" + std::string(name));
        });
        return listed ? !is_empty : listed.error().code != ENOENT;
    };
    std::vector<std::string> folders;
    for (const std::string& folder : std::vector(plan.folders.rbegin(), plan.folders.rend())) {
        if (!stays(folder)) {
            gone.insert(folder);
            folders.insert(folders.begin(), folder);
        }
    }
    plan.folders = std::move(folders);
    std::erase_if(plan.mounts, stays);
    return plan;
}

}  // namespace

bool RemoveRequest::is_choice() const {
    return pattern || !paths.empty() || nodes || size || count;
}

std::vector<MemoryFile> files_of(const RemoveRequest& request, const Record& record) {
    std::vector<MemoryFile> files;
    if (request.pattern) {
        try {
            ctl::Pool pool = ctl::read_pool({*request.pattern, "--path"});
            for (const ctl::ClosedFolder& folder : pool.closed) {
                if (folder.error != 0) {
                    throw tools::system_failure("list " + folder.path, folder.error);
                }
            }
            files = std::move(pool.files);
        } catch (const ctl::NoPool&) {  // plan_removal() says so, if nothing else is there
        }
    }
    for (const std::string& path : request.paths) {
        const auto file = look_at(path, node_of(path, record));
        if (!file || !file->is_on_hugetlbfs()) {
            tools::fail("{} is not a memory file on hugetlbfs; nothing was removed", path);
        }
        files.push_back(*file);
    }
    if (!request.pattern && request.paths.empty()) {
        for (const FileMade& made : record.files) {
            if (const auto file = look_at(made.path, made.node)) {
                files.push_back(*file);
            }
        }
    }
    std::erase_if(files, [](const MemoryFile& file) { return !file.is_on_hugetlbfs(); });
    find_holders({files});
    return files;
}

Removal plan_removal(const RemoveRequest& request, const Record& record, std::vector<MemoryFile> files,
                     const PageControl& control) {
    Removal plan;
    for (MemoryFile& file : files) {
        if (is_meant(request, file.node) && (!request.size || file.size == *request.size)) {
            (file.is_leased() ? plan.busy : plan.files).push_back(std::move(file));
        }
    }
    if (request.count) {
        keep_last(plan.files, *request.count);
        // Those in use matter only where too few are free.
        std::erase_if(plan.busy, [&](const MemoryFile& file) {
            return static_cast<std::size_t>(std::ranges::count(plan.files, file.node, &MemoryFile::node)) >=
                   *request.count;
        });
    }
    for (const PagesAdded& added : record.pages) {
        if (is_meant(request, added.node)) {
            plan.pages.push_back(pages_to_give(added, plan.files, record, control));
        }
    }
    std::ranges::copy_if(record.folders, std::back_inserter(plan.folders),
                         [&](const std::string& folder) { return is_meant(request, folder); });
    std::ranges::copy_if(record.mounts, std::back_inserter(plan.mounts),
                         [&](const std::string& mount) { return is_meant(request, mount); });
    const bool has_places = !places_of(request).empty() && (!plan.mounts.empty() || !plan.folders.empty());
    if (request.is_choice() && plan.files.empty() && plan.busy.empty() && (request.size || !has_places)) {
        tools::fail("there is no such memory file, so nothing was removed; see 'hugepagectl status'");
    }
    return plan;
}

std::vector<std::string> commands_of(const Removal& plan, const Record& record) {
    const Removal all = without_what_stays(plan);
    auto commands = commands_of(steps_of(all));
    const bool is_all =
        !record.empty() && all.folders.size() == record.folders.size() &&
        all.mounts.size() == record.mounts.size() && all.pages.size() == record.pages.size() &&
        std::ranges::all_of(all.pages, [](const auto& one) { return one.give == one.added; }) &&
        std::ranges::all_of(record.files, [&](const auto& file) { return has(all.files, file.path); });
    if (is_all) {
        commands.push_back(fmt::format("rm -r {}", kRunFolder));
    }
    return commands;
}

Removal remove(const RemoveRequest& request, const Removal& plan, Work& work) {
    Removal& removed = work.removed;
    removed.busy = plan.busy;
    for (const Step& step : steps_of(plan)) {
        work.control.check();
        try {
            step.apply(work);
        } catch (const tools::Failure& failure) {
            // A way that another user has spoilt must not keep the rest.
            removed.left.push_back({step.shell, failure.what()});
        }
    }
    find_holders({removed.busy});
    // Where only part was to go, somebody holds some, or it is on the way to what was to go, the rest is
    // where it should be.
    const bool is_part = request.nodes || request.size || request.count || !request.paths.empty();
    std::erase_if(removed.left, [&](const Leftover& left) {
        const bool is_on_the_way = std::ranges::any_of(places_of(request), [&](const std::string& place) {
            return left.path != place && is_within(place, left.path);
        });
        return left.error == ENOTEMPTY && (is_part || is_on_the_way || !removed.busy.empty());
    });
    std::erase_if(removed.pages, [](const PagesToGive& one) { return one.give == 0 && one.due == 0; });
    return removed;
}

tools::ExitCode exit_code_of(const Removal& removed) {
    if (!removed.busy.empty() ||
        std::ranges::find(removed.left, EBUSY, &Leftover::error) != removed.left.end()) {
        return tools::ExitCode::busy;
    }
    const bool some_stay =
        std::ranges::any_of(removed.pages, [](const auto& one) { return one.give < one.due; });
    return some_stay || !removed.left.empty() ? tools::ExitCode::partial : tools::ExitCode::done;
}

}  // namespace pool
