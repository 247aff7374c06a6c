#include "tools/pool/files.h"

#include "shim/base/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/wording.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <tuple>

namespace pool {
namespace {

using hugepage::Fd;

FileFacts::Kind kind_of(mode_t mode) {
    using Kind = FileFacts::Kind;
    return S_ISREG(mode)   ? Kind::regular
           : S_ISLNK(mode) ? Kind::link
           : S_ISDIR(mode) ? Kind::folder
                           : Kind::other;
}

// Enters a page, which is in the page cache already, into the page table, so that the kernel can tell where
// it is. MADV_POPULATE_READ fails on a damaged page, where a read would be a SIGBUS; kernels before 5.14 do
// not know it. The errno, or 0.
int enter_page(std::byte* page, ByteSize page_size) {
    if (::madvise(page, page_size.bytes, MADV_POPULATE_READ) == 0) {
        return 0;
    }
    if (errno != EINVAL) {
        return errno;
    }
    static_cast<void>(*static_cast<const volatile std::byte*>(page));
    return 0;
}

// By O_PATH first: a device or a fifo isn't opened.
void add(std::vector<PoolFile>& files, const std::string& path, NodeId node) {
    const auto opened = Fd::open(path.c_str(), O_PATH | O_NOFOLLOW);
    struct stat facts {};
    if (!opened || ::fstat(opened.value().get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return;
    }
    const auto file_system = hugepage::file_system_of(opened.value().get());
    if (file_system && file_system.value().kind == hugepage::FileSystem::Kind::hugetlbfs) {
        files.push_back(
            {{path, node, {static_cast<std::uint64_t>(facts.st_size)}, file_system.value().page_size},
             {facts.st_dev, facts.st_ino},
             {}});
    }
}

// linkat(2) by way of /proc needs no privilege, but /proc; by the descriptor itself it needs
// CAP_DAC_READ_SEARCH.
int give_name(int fd, int folder, const std::string& name) {
    if (::linkat(AT_FDCWD, own_path(fd).c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
        return 0;
    }
    if (errno != ENOENT) {
        return errno;
    }
    return ::linkat(fd, "", folder, name.c_str(), AT_EMPTY_PATH) == 0 ? 0 : errno;
}

bool is_at(int folder, const std::string& name, const tools::FileId& id) {
    struct stat facts {};
    return ::fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0 && facts.st_dev == id.device &&
           facts.st_ino == id.inode;
}

}  // namespace

FileFacts look_at_file(int folder, const std::string& path, ByteSize size, NodeId node) {
    FileFacts facts;
    facts.path = path;
    const std::string name = path.substr(path.rfind('/') + 1);
    const auto found = Fd::open(name.c_str(), O_PATH | O_NOFOLLOW, 0, folder);
    struct stat stat {};
    if (!found || ::fstat(found.value().get(), &stat) != 0) {
        const int error = found ? errno : found.error().code;
        facts.error = error == ENOENT ? 0 : error;
        return facts;
    }
    facts.kind = kind_of(stat.st_mode);
    if (facts.kind != FileFacts::Kind::regular) {
        return facts;
    }
    const auto file = Fd::open(own_path(found.value().get()).c_str(), O_RDONLY);
    const auto file_system = file ? hugepage::file_system_of(file.value().get()) : file.error();
    if (!file_system) {
        facts.error = file_system.error().code;
        return facts;
    }
    facts.file_system = file_system.value();
    facts.size = ByteSize{static_cast<std::uint64_t>(stat.st_size)};
    facts.allocated = ByteSize{static_cast<std::uint64_t>(stat.st_blocks) * S_BLKSIZE};
    facts.owner = stat.st_uid;
    facts.group = stat.st_gid;
    facts.mode = stat.st_mode & ALLPERMS;
    facts.id = {stat.st_dev, stat.st_ino};
    if (facts.file_system.kind == hugepage::FileSystem::Kind::hugetlbfs && facts.size == size &&
        facts.allocated >= facts.size) {
        const auto placement =
            placement_of_file(file.value().get(), size, facts.file_system.page_size, node, kAllPages);
        if (placement) {
            facts.placement = placement.value();
        } else {
            facts.pages_error = placement.error().code;
        }
    }
    return facts;
}

hugepage::Result<hugepage::Placement> placement_of_file(
    int fd, ByteSize size, ByteSize page_size, NodeId node, std::size_t most_checked,
    const std::function<void(std::uint64_t bytes)>& advanced) {
    const Mapping mapping = map_file(fd, size, PROT_READ, MAP_SHARED | MAP_NORESERVE);
    if (!mapping) {
        return hugepage::Error{"mmap", errno};
    }
    const std::size_t pages = size.bytes / page_size.bytes;
    const std::size_t samples = std::min(pages, most_checked);
    std::byte* begin = mapping.get();
    for (std::size_t i = 0; i < samples; ++i) {
        const std::size_t page = hugepage::sampled_page(i, samples, pages);
        if (const int error = enter_page(begin + page * page_size.bytes, page_size)) {
            return hugepage::Error{"read a page", error};
        }
        if (advanced) {
            advanced(page_size.bytes);
        }
    }
    return hugepage::placement_of(begin, size.bytes, page_size, node, most_checked);
}

NewFile NewFile::in(int folder, const std::string& path, const Request& request) {
    constexpr mode_t kUntilComplete = 0600;
    Fd fd(::openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, kUntilComplete));
    if (fd.get() < 0) {
        const bool unknown = errno == EOPNOTSUPP || errno == EISDIR;
        throw tools::system_failure(
            "create " + path, errno,
            unknown           ? "this kernel's hugetlbfs has no O_TMPFILE; a newer kernel is needed"
            : errno == ENOSPC ? "the mount has a limit of files and folders (nr_inodes)"
                              : "");
    }
    if (::ftruncate(fd.get(), static_cast<off_t>(request.size.bytes)) != 0) {
        throw tools::system_failure("make " + path + " " + tools::size_text(request.size) + " large", errno);
    }
    constexpr auto kUnchanged = static_cast<uid_t>(-1);
    if ((request.owner || request.group) &&
        ::fchown(fd.get(), request.owner.value_or(kUnchanged), request.group.value_or(kUnchanged)) != 0) {
        throw tools::system_failure("give " + path + " to --user and --group", errno, "use sudo");
    }
    // Unlike a mode given to open, this one is not subject to the umask.
    if (::fchmod(fd.get(), request.mode.value_or(kDefaultMode)) != 0) {
        throw tools::system_failure("set the mode of " + path, errno);
    }
    return {std::move(fd), path};
}

void NewFile::publish(int folder) const {
    const int error = give_name(fd(), folder, name());
    if (error == EEXIST) {
        throw tools::Failure(tools::ExitCode::failed,
                             path_ +
                                 " has been created by somebody else meanwhile; nothing was created; run "
                                 "this again to see whether it is right");
    }
    if (error != 0) {
        throw tools::system_failure(
            "give the complete file its name " + path_, error,
            error == ENOENT ? "somebody has removed the folder meanwhile; run this again" : "");
    }
}

tools::FileId NewFile::id() const noexcept {
    struct stat facts {};
    return ::fstat(fd(), &facts) == 0 ? tools::FileId{facts.st_dev, facts.st_ino} : tools::FileId{};
}

void require_limits(ByteSize size) {
    ::signal(SIGXFSZ, SIG_IGN);  // then it is an error like others
    for (const auto resource : {RLIMIT_NOFILE, RLIMIT_FSIZE}) {
        rlimit limit{};
        if (::getrlimit(resource, &limit) == 0) {
            limit.rlim_cur = limit.rlim_max;
            ::setrlimit(resource, &limit);
        }
        if (resource == RLIMIT_FSIZE && limit.rlim_cur < size.bytes) {
            throw tools::Failure(
                tools::ExitCode::failed,
                fmt::format("--size: files of {} are larger than this process may make ({}); nothing was "
                            "changed; raise the limit: ulimit -f unlimited, or LimitFSIZE=infinity in a unit",
                            tools::size_text(size), tools::size_text({limit.rlim_cur})));
        }
    }
}

std::vector<PoolFile> files_of(const Record& record) {
    std::vector<PoolFile> files;
    for (const FileMade& file : record.files) {
        add(files, file.path, file.node);
    }
    return files;
}

std::vector<PoolFile> files_of(const hugepage::FilePattern& pattern) {
    std::vector<PoolFile> files;
    const auto scan = [&](NodeId node) {
        const std::string folder(pattern.path_of(node).view());
        const auto listed = hugepage::for_each_entry(folder.c_str(), [&](std::string_view name) {
            if (!name.starts_with('.')) {
                add(files, folder + "/" + std::string(name), node);
            }
        });
        if (!listed && listed.error().code == ENOTDIR) {
            add(files, folder, node);
        } else if (!listed && listed.error().code != ENOENT) {
            throw tools::system_failure("list " + folder, listed.error().code);
        }
    };
    // Not to throw through the core.
    std::vector<NodeId> nodes;
    const auto listed = pattern.for_each_node([&](NodeId node) { nodes.push_back(node); });
    if (!listed && listed.error().code != ENOENT && listed.error().code != ENOTDIR) {
        throw tools::system_failure("list " + std::string(pattern.searched_folder().view()),
                                    listed.error().code);
    }
    std::ranges::for_each(nodes, scan);
    std::ranges::sort(files, {},
                      [](const PoolFile& one) { return std::tuple(one.file.node, one.file.path); });
    return files;
}

std::vector<PoolFile> files_of(const std::vector<std::string>& paths, const Record& record) {
    std::vector<PoolFile> files;
    for (const std::string& path : paths) {
        const std::filesystem::path whole = std::filesystem::absolute(path);
        const std::string folder = find_place(whole.parent_path(), kAnybody).path;
        const std::string found = folder + "/" + whole.filename().string();
        const auto made = std::ranges::find(record.files, found, &FileMade::path);
        const auto number = hugepage::parse_number(folder.substr(folder.find_last_not_of("0123456789") + 1),
                                                   hugepage::kMaxNodes - 1);
        const std::size_t before = files.size();
        add(files, found,
            made != record.files.end() ? made->node : NodeId{static_cast<int>(number.value_or(0))});
        if (files.size() == before) {
            throw tools::Failure(tools::ExitCode::failed,
                                 found + " is not a memory file on hugetlbfs; nothing was removed");
        }
    }
    return files;
}

void find_holders(std::vector<PoolFile>& files) {
    std::set<tools::FileId> ids;
    for (const PoolFile& file : files) {
        ids.insert(file.id);
    }
    tools::Holders found = tools::find_holders(ids);
    for (PoolFile& file : files) {
        file.holders = found.of_file[file.id];
    }
}

FileFate remove_file(const PoolFile& file) {
    const std::size_t slash = file.file.path.rfind('/');
    const Place place = find_place(file.file.path.substr(0, slash), kAnybody);
    const int folder = place.folder.get();
    const std::string name = file.file.path.substr(slash + 1);
    if (!place.missing.empty() || !is_at(folder, name, file.id)) {
        return FileFate::missing;
    }
    // By O_PATH first: what has come in its place may be a device or a fifo.
    const auto found = Fd::open(name.c_str(), O_PATH | O_NOFOLLOW, 0, folder);
    const auto opened =
        found ? Fd::open(own_path(found.value().get()).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY)
              : found.error();
    if (!opened) {
        errno = opened.error().code;
        return FileFate::failed;
    }
    if (::flock(opened.value().get(), LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? FileFate::held : FileFate::failed;
    }
    struct stat facts {};
    if (::fstat(opened.value().get(), &facts) != 0 || tools::FileId{facts.st_dev, facts.st_ino} != file.id ||
        !is_at(folder, name, file.id)) {
        return FileFate::missing;
    }
    return ::unlinkat(folder, name.c_str(), 0) == 0 ? FileFate::removed : FileFate::failed;
}

}  // namespace pool
