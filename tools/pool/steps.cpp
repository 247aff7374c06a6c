#include "tools/pool/steps.h"

#include "tools/common/command_line.h"
#include "tools/common/failure.h"
#include "tools/common/values.h"
#include "tools/pool/touch.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>

namespace pool {
namespace {

using hugepage::Fd;

// The mount that is seen at the point is setup's.
bool is_own_mount(const std::string& point) {
    const auto mounts = tools::mounts();
    // Of several at one point the last one is seen.
    const auto seen = std::find_if(mounts.rbegin(), mounts.rend(),
                                   [&](const tools::Mount& mount) { return mount.point == point; });
    return seen != mounts.rend() && seen->source == kMountSource && seen->is_hugetlbfs();
}

Leftover left_by(const std::string& path, int error, const char* what) {
    error = error == EEXIST ? ENOTEMPTY : error;  // either says it of a folder
    const std::string why = error == ENOTEMPTY ? "it isn't empty"
                            : error == EBUSY   ? "some process is in it"
                                               : std::generic_category().message(error);
    return {path, what + why, error};
}

// On hugetlbfs of the size that was planned with.
Fd open_pool_folder(const std::string& path, const Trust& trust, ByteSize page_size) {
    Fd folder = open_folder(path, trust);
    const auto file_system = hugepage::file_system_of(folder.get());
    if (!file_system || file_system.value().kind != hugepage::FileSystem::Kind::hugetlbfs ||
        file_system.value().page_size != page_size) {
        tools::fail("{} has been mounted or unmounted meanwhile; run this again", path);
    }
    return folder;
}

Step remove_folder_step(const std::string& path) {
    const auto apply = [=](Work& work) {
        const std::size_t slash = path.rfind('/');
        const Place above = find_place(path.substr(0, slash), kAnybody);
        if (above.missing.empty()) {
            if (::unlinkat(above.folder.get(), path.c_str() + slash + 1, AT_REMOVEDIR) == 0) {
                work.removed.folders.push_back(path);
            } else if (errno == EBUSY) {
                return;  // a mount that stays is at it
            } else if (errno != ENOENT && errno != ENOTDIR) {
                work.removed.left.push_back(left_by(path, errno, ""));
                return;
            }
        }
        work.enter([&](Record& record) { std::erase(record.folders, path); });
    };
    return {"rmdir " + tools::quoted(path), apply};
}

Step unmount_step(const std::string& point) {
    const auto apply = [=](Work& work) {
        const std::size_t slash = point.rfind('/');
        const Place above = find_place(point.substr(0, slash), kAnybody);
        if (above.missing.empty() && is_own_mount(point)) {
            int error = is_empty(find_place(point, kAnybody).folder.get()) ? 0 : ENOTEMPTY;
            // Through the folder above: a descriptor of the mount itself would keep it busy.
            const std::string name = own_path(above.folder.get()) + point.substr(slash);
            if (error == 0 && ::umount2(name.c_str(), UMOUNT_NOFOLLOW) != 0) {
                error = errno;
            }
            if (error != 0) {
                work.removed.left.push_back(left_by(point, error, "it stays mounted: "));
                return;
            }
            work.removed.mounts.push_back(point);
        }
        work.enter([&](Record& record) { std::erase(record.mounts, point); });
    };
    return {"umount " + tools::quoted(point), apply};
}

Step give_back_step(const PagesToGive& pages) {
    const auto apply = [=](Work& work) {
        PagesToGive& given = work.removed.pages.emplace_back(pages);
        given.give = std::min({pages.due, work.control.counts(pages.node, pages.size).free,
                               work.control.machine(pages.size).spare()});
        if (given.give > 0) {
            given.give = change_pages(pages.node, pages.size, -static_cast<std::int64_t>(given.give),
                                      work.control, work.ledger);
        }
    };
    return {pages.give > 0 ? count_command(pages.node, pages.size, pages.reserved - pages.give) : "", apply};
}

}  // namespace

std::vector<std::string> commands_of(const Steps& steps) {
    std::vector<std::string> commands;
    for (const Step& step : steps) {
        if (!step.shell.empty()) {
            commands.push_back(step.shell);
        }
    }
    return commands;
}

Step folder_step(const std::string& path, const Trust& trust) {
    const auto apply = [=](Work& work) {
        work.enter([&](Record& record) { record.folders.push_back(path); });
        if (!make_folder(path, trust)) {
            work.enter([&](Record& record) { std::erase(record.folders, path); });
        }
    };
    return {"mkdir -m 0755 " + tools::quoted(path), apply};
}

Step mount_step(const std::string& point, ByteSize page_size, const Trust& trust) {
    const std::string data = fmt::format("pagesize={},mode=0755", tools::mount_size_text(page_size));
    const auto apply = [=](Work& work) {
        const Fd folder = open_folder(point, trust);
        if (!is_empty(folder.get())) {
            tools::fail("{} isn't empty any more, and a mount would hide what is in it", point);
        }
        work.enter([&](Record& record) { record.mounts.push_back(point); });
        if (::mount(kMountSource, own_path(folder.get()).c_str(), "hugetlbfs",
                    MS_NOSUID | MS_NODEV | MS_NOEXEC, data.c_str()) != 0) {
            throw tools::system_failure(
                fmt::format("mount hugetlbfs (pages of {}) at {}", tools::page_size_text(page_size), point),
                errno, errno == EPERM ? "in a container, give it the capability SYS_ADMIN" : "");
        }
    };
    return {fmt::format("mount -t hugetlbfs -o {},nosuid,nodev,noexec {} {}", data, kMountSource,
                        tools::quoted(point)),
            apply};
}

std::string count_command(NodeId node, ByteSize size, std::uint64_t pages) {
    return fmt::format("echo {} > {}", pages, count_file("/sys", size, node));
}

Step create_step(const Plan& plan, const NodePlan& node, std::size_t files) {
    Request request = plan.request;
    request.owner = plan.owner;
    request.group = plan.group;
    const std::vector<std::string> paths(node.create.begin(),
                                         node.create.begin() + static_cast<std::ptrdiff_t>(files));
    const auto apply = [=, page_size = plan.page_size, trust = Trust{.user = plan.request.owner},
                        id = node.node](Work& work) {
        const Fd folder =
            open_pool_folder(paths.front().substr(0, paths.front().rfind('/')), trust, page_size);
        std::vector<Fd> made;
        TouchJob job{{}, request.size, page_size, id, request.threads};
        for (const std::string& path : paths) {
            work.interrupts.check();
            made.push_back(new_file(folder.get(), path, request));
            job.files.push_back(made.back().get());
        }
        touch_into_place(job, work.interrupts);
        work.interrupts.check();
        work.enter([&](Record& record) {
            for (const std::string& path : paths) {
                record.files.push_back({path, id});
            }
        });
        std::size_t published = 0;
        try {
            for (; published < made.size(); ++published) {
                publish(made[published], folder.get(), paths[published]);
            }
        } catch (...) {
            // What has their names is somebody else's.
            work.enter([&](Record& record) {
                record.files.resize(record.files.size() - (paths.size() - published));
            });
            throw;
        }
    };
    return {fmt::format("hugepage-file-init --node {} --num {} --size {} {}{}{}", node.node.value,
                        node.keep.size() + files, tools::exact_text(request.size),
                        ctl::option_of(request.pattern), ownership_arguments(request),
                        request.threads ? fmt::format(" --threads {}", *request.threads) : ""),
            apply};
}

Step remove_file_step(const MemoryFile& file) {
    const auto apply = [=](Work& work) {
        const int error = remove_file(file);
        if (error == EWOULDBLOCK) {
            work.removed.busy.push_back(file);
        } else if (error != 0 && error != ENOENT) {
            work.removed.left.push_back(left_by(file.path, error, ""));
        } else {
            if (error == 0) {
                work.removed.files.push_back(file);
            }
            work.enter([&](Record& record) {
                std::erase_if(record.files, [&](const FileMade& one) { return one.path == file.path; });
            });
        }
    };
    return {"rm " + tools::quoted(file.path), apply};
}

Steps steps_of(const Removal& removal) {
    Steps steps;
    for (const MemoryFile& file : removal.files) {
        steps.push_back(remove_file_step(file));
    }
    for (const PagesToGive& pages : removal.pages) {
        steps.push_back(give_back_step(pages));
    }
    // A mount goes before the folder that it is at, and after what is in it.
    std::vector<std::string> mounts = removal.mounts;
    for (const std::string& folder : std::vector(removal.folders.rbegin(), removal.folders.rend())) {
        if (std::erase(mounts, folder) > 0) {
            steps.push_back(unmount_step(folder));
        }
        steps.push_back(remove_folder_step(folder));
    }
    for (const std::string& mount : mounts) {
        steps.push_back(unmount_step(mount));
    }
    return steps;
}

void settle(Record& record, const PageControl& control) {
    settle_pages(record, control);
    std::erase_if(record.files, [](const FileMade& file) { return !look_at(file.path, file.node); });
    std::erase_if(record.folders, [](const std::string& folder) { return !look_at(folder, {}); });
    std::erase_if(record.mounts, [](const std::string& mount) { return !is_own_mount(mount); });
}

void roll_back(const Record& before, Work& work) noexcept {
    const auto added = [](const auto& now, const auto& then) {
        auto more = now;
        std::erase_if(more, [&](const auto& one) { return std::ranges::find(then, one) != then.end(); });
        return more;
    };
    const Record now = work.ledger.record;
    Removal removal{.files = {},
                    .busy = {},
                    .pages = {},
                    .folders = added(now.folders, before.folders),
                    .mounts = added(now.mounts, before.mounts),
                    .left = {}};
    for (const FileMade& file : added(now.files, before.files)) {
        if (const auto found = look_at(file.path, file.node)) {
            removal.files.push_back(*found);
        }
    }
    for (const PagesAdded& pages : now.pages) {
        const std::uint64_t earlier = Record(before).pages_of(pages.node, pages.size).added;
        const std::uint64_t more = pages.added - std::min(pages.added, earlier);
        removal.pages.push_back({.node = pages.node, .size = pages.size, .added = more, .due = more});
    }
    for (const Step& step : steps_of(removal)) {
        try {
            step.apply(work);
        } catch (const std::exception&) {
            continue;  // the rest
        }
    }
}

}  // namespace pool
