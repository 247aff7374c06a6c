#include "tools/pool/steps.h"

#include "shim/base/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/terminal.h"
#include "tools/common/wording.h"
#include "tools/pool/touch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace pool {
namespace {

using hugepage::Fd;
using tools::ExitCode;
using tools::Failure;

std::string mount_data(ByteSize page_size) {
    return fmt::format("pagesize={},mode=0755", tools::mount_size_text(page_size));
}

// The mount that is seen at the point is setup's.
bool is_own_mount(const MountMade& made) {
    const auto mounts = tools::mounts();
    // Of several at one point the last one is seen.
    const auto seen = std::find_if(mounts.rbegin(), mounts.rend(),
                                   [&](const tools::Mount& mount) { return mount.point == made.point; });
    return seen != mounts.rend() && seen->source == kMountSource && seen->page_size() == made.page_size;
}

bool is_empty(int folder) {
    const auto readable = Fd::open(own_path(folder).c_str(), O_RDONLY | O_DIRECTORY);
    bool is_empty = true;
    return readable && hugepage::for_each_entry(readable.value(), [&](auto) { is_empty = false; }) &&
           is_empty;
}

Leftover left_by(const std::string& path, int error, const char* what) {
    const bool has_content = error == ENOTEMPTY || error == EEXIST;
    const std::string why = has_content      ? "it isn't empty"
                            : error == EBUSY ? "some process is in it"
                                             : std::generic_category().message(error);
    return {path, what + why, error == EBUSY, has_content};
}

// On hugetlbfs of the size that was planned with.
Fd open_pool_folder(const std::string& path, const Trust& trust, ByteSize page_size) {
    Fd folder = open_folder(path, trust);
    const auto file_system = hugepage::file_system_of(folder.get());
    if (!file_system || file_system.value().kind != hugepage::FileSystem::Kind::hugetlbfs ||
        file_system.value().page_size != page_size) {
        throw Failure(ExitCode::failed, path + " has been mounted or unmounted meanwhile; run this again");
    }
    return folder;
}

// Of the node and size.
std::uint64_t pages_in_files(const Record& record, const PagesToGive& pages) {
    std::uint64_t sum = 0;
    for (const FileMade& file : record.files) {
        const bool is_of_these =
            file.node == pages.node && file.page_size == pages.size && is_there(file.path);
        sum += is_of_these ? file.pages() : 0;
    }
    return sum;
}

void forget_missing_files(Work& work) {
    work.enter([](Record& record) {
        std::erase_if(record.files, [](const FileMade& file) { return !is_there(file.path); });
    });
}

}  // namespace

bool is_there(const std::string& path) {
    return ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool Undone::is_empty() const {
    const bool gave = std::ranges::any_of(pages, [](const PagesToGive& one) { return one.give > 0; });
    return removed.empty() && busy.empty() && !gave && folders.empty() && mounts.empty() && left.empty();
}

Step folder_step(const std::string& path, const Trust& trust, Origin origin) {
    const auto is_made = std::make_shared<bool>(origin == Origin::record);
    const auto forget = [path](Record& record) { std::erase(record.folders, path); };
    Step step{"mkdir -m 0755 " + tools::quoted(path), "rmdir " + tools::quoted(path)};
    step.apply = [=](Work& work) {
        const bool is_known =
            work.ledger != nullptr && std::ranges::count(work.ledger->record.folders, path) > 0;
        if (!is_known) {
            work.enter([&](Record& record) { record.folders.push_back(path); });
        }
        const auto leave = [&] {
            if (!is_known) {
                work.enter(forget);
            }
        };
        try {
            *is_made = make_folder(path, trust);
        } catch (...) {
            leave();
            throw;
        }
        if (!*is_made) {
            leave();
        }
    };
    step.undo = [=](Work& work, Undone& undone) {
        if (!std::exchange(*is_made, false)) {
            return;
        }
        const std::size_t slash = path.rfind('/');
        const Place above = find_place(path.substr(0, slash), kAnybody);
        if (above.missing.empty()) {
            if (::unlinkat(above.folder.get(), path.c_str() + slash + 1, AT_REMOVEDIR) == 0) {
                undone.folders.push_back(path);
            } else if (errno == EBUSY) {
                return;  // a mount that stays is at it
            } else if (errno != ENOENT && errno != ENOTDIR) {
                undone.left.push_back(left_by(path, errno, ""));
                return;
            }
        }
        work.enter(forget);
    };
    return step;
}

Step mount_step(const MountMade& mount, const Trust& trust, Origin origin) {
    const auto is_made = std::make_shared<bool>(origin == Origin::record);
    const auto forget = [mount](Record& record) { std::erase(record.mounts, mount); };
    Step step{fmt::format("mount -t hugetlbfs -o {},nosuid,nodev,noexec {} {}", mount_data(mount.page_size),
                          kMountSource, tools::quoted(mount.point)),
              "umount " + tools::quoted(mount.point)};
    step.apply = [=](Work& work) {
        const Fd point = open_folder(mount.point, trust);
        if (!is_empty(point.get())) {
            throw Failure(ExitCode::failed,
                          mount.point + " isn't empty any more, and a mount would hide what is in it");
        }
        work.enter([&](Record& record) { record.mounts.push_back(mount); });
        if (::mount(kMountSource, own_path(point.get()).c_str(), "hugetlbfs",
                    MS_NOSUID | MS_NODEV | MS_NOEXEC, mount_data(mount.page_size).c_str()) != 0) {
            const int error = errno;
            work.enter(forget);
            throw tools::system_failure(
                fmt::format("mount hugetlbfs (pages of {}) at {}", tools::page_size_text(mount.page_size),
                            mount.point),
                error, error == EPERM ? "in a container, give it the capability SYS_ADMIN" : "");
        }
        *is_made = true;
    };
    step.undo = [=](Work& work, Undone& undone) {
        if (!std::exchange(*is_made, false)) {
            return;
        }
        const std::size_t slash = mount.point.rfind('/');
        const Place above = find_place(mount.point.substr(0, slash), kAnybody);
        if (above.missing.empty() && is_own_mount(mount)) {
            int error = is_empty(find_place(mount.point, kAnybody).folder.get()) ? 0 : ENOTEMPTY;
            // Through the folder above: a descriptor of the mount itself would keep it busy.
            const std::string name = own_path(above.folder.get()) + mount.point.substr(slash);
            if (error == 0 && ::umount2(name.c_str(), UMOUNT_NOFOLLOW) != 0) {
                error = errno;
            }
            if (error != 0) {
                undone.left.push_back(left_by(mount.point, error, "it stays mounted: "));
                return;
            }
            undone.mounts.push_back(mount.point);
        }
        work.enter(forget);
    };
    return step;
}

namespace {

std::string set_count(const PagesToGive& pages, std::uint64_t count) {
    return fmt::format("echo {} > {}", count, count_file("/sys", pages.size, pages.node));
}

// `stay` pages are in files that stay.
void give_back(PagesToGive pages, std::uint64_t stay, Work& work, Undone& undone) {
    pages.due = pages.added - std::min(pages.added, stay);
    pages.give = std::min({pages.due, work.control.counts(pages.node, pages.size).free,
                           work.control.machine(pages.size).spare()});
    if (pages.give > 0) {
        const auto by = change_pages(pages.node, pages.size, -static_cast<std::int64_t>(pages.give),
                                     work.control, *work.ledger);
        pages.give = static_cast<std::uint64_t>(-std::min<std::int64_t>(by, 0));
    }
    undone.pages.push_back(pages);
}

}  // namespace

Step reserve_step(const PagesToGive& pages, Reserving* got) {
    const auto earlier = std::make_shared<std::optional<std::uint64_t>>();
    const auto added = [pages](Work& work) {
        return work.ledger->record.pages_of(pages.node, pages.size).added;
    };
    Step step{set_count(pages, pages.reserved + pages.added), {}};
    step.check = [=] {
        const std::string path = count_file("/sys", pages.size, pages.node);
        if (::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0) {
            throw tools::system_failure("write " + path, errno,
                                        "nothing was changed; in a container, run this on the host");
        }
    };
    step.apply = [=](Work& work) {
        *earlier = added(work);
        tools::Progress progress(
            fmt::format("node {}: reserving {} of {}", pages.node.value, tools::counted(pages.added, "page"),
                        tools::page_size_text(pages.size)),
            pages.added, [](std::uint64_t done, tools::Seconds elapsed) {
                return fmt::format("{:.0f} pages/s", static_cast<double>(done) / elapsed.count());
            });
        *got = reserve(
            pages.node, pages.size, pages.added, work.control, *work.ledger,
            [&] { return std::chrono::steady_clock::now() >= work.deadline; },
            [&](std::uint64_t done) { progress.update(done); });
    };
    step.undo = [=](Work& work, Undone& undone) {
        if (*earlier) {
            PagesToGive back = pages;
            back.added = added(work) - std::min(added(work), **earlier);
            give_back(back, 0, work, undone);
        }
    };
    return step;
}

Step reserved_step(const PagesToGive& pages) {
    Step step{{}, pages.give > 0 ? set_count(pages, pages.reserved - pages.give) : ""};
    step.undo = [=](Work& work, Undone& undone) {
        PagesToGive back = pages;
        back.added = work.ledger->record.pages_of(pages.node, pages.size).added;
        give_back(back, pages_in_files(work.ledger->record, pages), work, undone);
    };
    return step;
}

Step replace_step(const PoolFile& file) {
    Step step{"rm " + tools::quoted(file.file.path), {}};
    step.check = [=] {
        if (!file.holders.empty()) {
            throw Failure(
                ExitCode::busy,
                fmt::format("{} can't be made anew for another user: it is in use by {} (pid {}); nothing "
                            "was changed; run this again when it has ended",
                            file.file.path, file.holders.front().command, file.holders.front().pid));
        }
    };
    step.apply = [=](Work& work) {
        const FileFate fate = remove_file(file);
        if (fate == FileFate::held) {
            throw Failure(ExitCode::busy,
                          file.file.path + " has come into use meanwhile; run this again when it is free");
        }
        if (fate == FileFate::failed) {
            throw tools::system_failure("remove " + file.file.path, errno);
        }
        forget_missing_files(work);
    };
    return step;
}

Step created_step(const std::vector<PoolFile>& files) {
    std::vector<std::string> commands;
    for (const PoolFile& file : files) {
        commands.push_back("rm " + tools::quoted(file.file.path));
    }
    Step step{{}, fmt::format("{}", fmt::join(commands, "\n"))};
    step.undo = [=](Work& work, Undone& undone) {
        for (const PoolFile& file : files) {
            const FileFate fate = remove_file(file);
            if (fate == FileFate::removed) {
                undone.removed.push_back(file);
            } else if (fate == FileFate::held) {
                undone.busy.push_back(file);
            } else if (fate == FileFate::failed) {
                undone.left.push_back(left_by(file.file.path, errno, ""));
            }
        }
        forget_missing_files(work);
    };
    return step;
}

Step create_step(const Request& request, NodeId node, ByteSize page_size,
                 const std::vector<std::string>& paths, std::size_t kept) {
    const auto created = std::make_shared<std::vector<PoolFile>>();
    Step step{
        fmt::format("hugepage-file-init --node {} --num {} --size {} {}{}{}", node.value, kept + paths.size(),
                    tools::exact_text(request.size), request.where, ownership_arguments(request),
                    request.threads ? fmt::format(" --threads {}", *request.threads) : ""),
        {}};
    step.apply = [=](Work& work) {
        const Fd folder = open_pool_folder(paths.front().substr(0, paths.front().rfind('/')),
                                           {.user = request.owner}, page_size);
        std::vector<NewFile> files;
        TouchJob job{{}, request.size, page_size, node, request.threads};
        for (const std::string& path : paths) {
            work.interrupts.check();
            files.push_back(NewFile::in(folder.get(), path, request));
            job.files.push_back(files.back().fd());
        }
        touch_into_place(job, work.interrupts);
        work.interrupts.check();
        work.enter([&](Record& record) {
            for (const std::string& path : paths) {
                std::erase_if(record.files, [&](const FileMade& file) { return file.path == path; });
                record.files.push_back({path, node, request.size, page_size});
            }
        });
        for (std::size_t i = 0; i < files.size(); ++i) {
            files[i].publish(folder.get());
            created->push_back({{paths[i], node, request.size, page_size}, files[i].id(), {}});
        }
    };
    step.undo = [=](Work& work, Undone& undone) { created_step(*created).undo(work, undone); };
    return step;
}

void Applied::apply(const Steps& steps) {
    for (const Step& step : steps) {
        steps_.push_back(step);
        step.apply(work_);
    }
}

void Applied::undo() noexcept {
    for (; !steps_.empty(); steps_.pop_back()) {
        try {
            Undone undone;
            steps_.back().undo(work_, undone);
        } catch (const std::exception&) {
            continue;  // the rest
        }
    }
}

}  // namespace pool
