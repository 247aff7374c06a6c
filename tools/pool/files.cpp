#include "tools/pool/files.h"

#include "tools/common/failure.h"
#include "tools/common/values.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <iterator>

namespace pool {
namespace {

using hugepage::Fd;

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

// For reading, the very file that was looked at: what has come in its place may be a device or a fifo, which
// is not to be opened.
hugepage::Result<Fd> open_again(const MemoryFile& file, int folder, const char* name) {
    struct stat facts {};
    const auto found = Fd::open(name, O_PATH | O_NOFOLLOW, 0, folder, facts);
    if (!found) {
        return found.error();
    }
    if (tools::FileId{facts.st_dev, facts.st_ino} != file.id) {
        return hugepage::Error{"look again", ENOENT};
    }
    return Fd::open(own_path(found.value().get()).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

bool is_our_look(const tools::Holder& holder) {
    return !holder.has_locked && (holder.command == "hugepagectl" || holder.command == "hugepage-file-i");
}

}  // namespace

bool MemoryFile::is_on_hugetlbfs() const {
    return type == S_IFREG && file_system.kind == hugepage::FileSystem::Kind::hugetlbfs;
}

std::uint64_t MemoryFile::pages() const {
    return file_system.page_size.bytes > 0 ? size.bytes / file_system.page_size.bytes : 0;
}

bool MemoryFile::is_leased() const {
    return std::ranges::any_of(holders, [](const auto& holder) { return !is_our_look(holder); });
}

bool MemoryFile::is_forbidden() const {
    return ::geteuid() != 0 && refusal && refusal->reason == hugepage::Reason::permission;
}

bool MemoryFile::has_whole_pages() const {
    return pages() > 0 && size.bytes % file_system.page_size.bytes == 0;
}

bool MemoryFile::has_all_pages() const {
    return file_system.kind != hugepage::FileSystem::Kind::other && has_whole_pages() && allocated >= size;
}

std::optional<MemoryFile> look_at(const std::string& path, NodeId node, int folder) {
    const std::size_t begin = folder == AT_FDCWD ? 0 : path.rfind('/') + 1;
    struct stat facts {};
    const auto found = Fd::open(path.c_str() + begin, O_PATH | O_NOFOLLOW, 0, folder, facts);
    if (!found || facts.st_mode == 0) {
        return std::nullopt;
    }
    MemoryFile file;
    file.node = node;
    file.path = path;
    file.id = {facts.st_dev, facts.st_ino};
    file.type = facts.st_mode & S_IFMT;
    file.owner = facts.st_uid;
    file.group = facts.st_gid;
    file.mode = facts.st_mode & ALLPERMS;
    if (file.type != S_IFREG) {
        file.refusal = hugepage::Refusal{hugepage::Reason::insecure,
                                         file.type == S_IFLNK   ? "it is a symbolic link"
                                         : file.type == S_IFDIR ? "it is a folder"
                                                                : "it is no regular file",
                                         0};
        return file;
    }
    file.size = {static_cast<std::uint64_t>(facts.st_size)};
    file.allocated = {static_cast<std::uint64_t>(facts.st_blocks) * S_BLKSIZE};
    if (const auto file_system = hugepage::file_system_of(found.value().get())) {
        file.file_system = file_system.value();
    }
    if (file.size.bytes == 0) {
        file.refusal = hugepage::Refusal{hugepage::Reason::no_file_for_size, "it is empty", 0};
    }
    return file;
}

tools::Holders find_holders(const std::vector<std::span<MemoryFile>>& lists, const std::string& proc) {
    std::set<tools::FileId> ids;
    for (const auto& files : lists) {
        std::ranges::transform(files, std::inserter(ids, ids.end()), &MemoryFile::id);
    }
    tools::Holders found = tools::find_holders(ids, proc);
    for (const auto& files : lists) {
        for (MemoryFile& file : files) {
            const auto holders = found.of_file.find(file.id);
            file.holders = holders != found.of_file.end() ? holders->second : std::vector<tools::Holder>{};
        }
    }
    return found;
}

hugepage::Result<hugepage::Placement> placement_of_file(int fd, ByteSize size, ByteSize page_size,
                                                        NodeId node, std::size_t most_checked,
                                                        const Advanced& advanced) {
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

void look_at_pages(MemoryFile& file, std::size_t most_checked, const Advanced& advanced) {
    const auto look = [&]() -> hugepage::Result<hugepage::Placement> {
        const auto opened = open_again(file, AT_FDCWD, file.path.c_str());
        if (!opened) {
            return opened.error();
        }
        // It may have been cut by now: then a look at its pages would allocate some.
        struct stat facts {};
        if (::fstat(opened.value().get(), &facts) != 0 ||
            static_cast<std::uint64_t>(facts.st_size) != file.size.bytes ||
            static_cast<std::uint64_t>(facts.st_blocks) * S_BLKSIZE < file.size.bytes) {
            return hugepage::Error{"look again", ESTALE};
        }
        return placement_of_file(opened.value().get(), file.size, file.file_system.page_size, file.node,
                                 most_checked, advanced);
    };
    if (const auto placement = look()) {
        file.placement = placement.value();
    } else {
        file.pages_error = placement.error().code;
    }
}

Fd new_file(int folder, const std::string& path, const Request& request) {
    constexpr mode_t kUntilComplete = 0600;
    Fd file(::openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, kUntilComplete));
    const int fd = file.get();
    if (fd < 0) {
        const bool unknown = errno == EOPNOTSUPP || errno == EISDIR;
        throw tools::system_failure(
            "create " + path, errno,
            unknown           ? "this kernel's hugetlbfs has no O_TMPFILE; a newer kernel is needed"
            : errno == ENOSPC ? "the mount has a limit of files and folders (nr_inodes)"
                              : "");
    }
    if (::ftruncate(fd, static_cast<off_t>(request.size.bytes)) != 0) {
        throw tools::system_failure("make " + path + " " + tools::size_text(request.size) + " large", errno);
    }
    constexpr auto kUnchanged = static_cast<uid_t>(-1);
    if ((request.owner || request.group) &&
        ::fchown(fd, request.owner.value_or(kUnchanged), request.group.value_or(kUnchanged)) != 0) {
        throw tools::system_failure("give " + path + " to --user and --group", errno, "use sudo");
    }
    // Unlike a mode given to open, this one is not subject to the umask.
    if (::fchmod(fd, request.mode.value_or(kDefaultMode)) != 0) {
        throw tools::system_failure("set the mode of " + path, errno);
    }
    return file;
}

void publish(const Fd& file, int folder, const std::string& path) {
    const std::string name = path.substr(path.rfind('/') + 1);
    // By way of /proc it needs no privilege; by the descriptor itself it needs CAP_DAC_READ_SEARCH.
    if (::linkat(AT_FDCWD, own_path(file.get()).c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
        return;
    }
    const int error = errno;
    if (error == EEXIST) {
        tools::fail(
            "{} has been created by somebody else meanwhile; nothing was created; run this again to see "
            "whether it is right",
            path);
    }
    throw tools::system_failure(
        "give the complete file its name " + path, error,
        error == ENOENT ? "somebody has removed the folder meanwhile; run this again" : "");
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
            tools::fail(
                "--size: files of {} are larger than this process may make ({}); nothing was "
                "changed; raise the limit: ulimit -f unlimited, or LimitFSIZE=infinity in a unit",
                tools::size_text(size), tools::size_text({limit.rlim_cur}));
        }
    }
}

int remove_file(const MemoryFile& file) {
    const Name at = name_at(file.path, kAnybody);
    const auto opened = open_again(file, at.folder.get(), at.name.c_str());
    if (!opened) {
        return opened.error().code;
    }
    if (::flock(opened.value().get(), LOCK_EX | LOCK_NB) != 0) {
        return errno;
    }
    const auto now = look_at(file.path, file.node, at.folder.get());
    if (!now || now->id != file.id) {
        return ENOENT;
    }
    return ::unlinkat(at.folder.get(), at.name.c_str(), 0) == 0 ? 0 : errno;
}

}  // namespace pool
