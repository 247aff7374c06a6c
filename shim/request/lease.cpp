#include "shim/request/lease.h"

#include "shim/base/sys.h"
#include "shim/base/text_file.h"

#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace hugepage {
namespace {

constexpr Refusal kNoSuchFile{Reason::no_file_for_size, "there is no file of this size", 0};

Refusal refusal_of_open(int code) noexcept {
    switch (code) {
        case EACCES:
        case EPERM:
        case EROFS:
            return {Reason::permission, "open", code};
        case ELOOP:
            return {Reason::insecure, "it is a symbolic link", 0};
        case ENOENT:
        case ENOTDIR:
            return kNoSuchFile;
        default:
            return {Reason::map_failed, "open", code};
    }
}

bool is_anothers(const struct stat& facts, uid_t user) noexcept {
    return facts.st_uid != 0 && facts.st_uid != user;
}

bool is_file_of(const struct stat& facts, ByteSize size) noexcept {
    return S_ISREG(facts.st_mode) && static_cast<std::uint64_t>(facts.st_size) == size.bytes;
}

// Of a name that could not be opened: of what else is in the folder nobody wants to hear.
Refusal refusal_of_open(const NodeFolder& folder, const char* name, ByteSize size, int code) noexcept {
    struct stat facts {};
    if (sys::fstatat(folder.fd(), name, facts) != 0) {
        return refusal_of_open(errno);
    }
    return S_ISLNK(facts.st_mode) || is_file_of(facts, size) ? refusal_of_open(code) : kNoSuchFile;
}

// What a file's owner and permissions say against using it.
Result<Done, Refusal> inspect_owner(const struct stat& file, uid_t user) noexcept {
    if (is_anothers(file, user)) {
        return Refusal{Reason::insecure,
                       "it belongs to another user; chown it to root or to the sealer's user", 0};
    }
    if ((file.st_mode & S_IRWXO) != 0) {
        return Refusal{Reason::insecure, "everybody may open it; chmod o=", 0};
    }
    return Done{};
}

// What its memory says: where it is, and whether it is there.
Result<FileSystem, Refusal> inspect_memory(int fd, ByteSize size) noexcept {
    struct stat file {};
    if (sys::fstat(fd, file) != 0) {
        return Refusal{Reason::map_failed, "fstat", errno};
    }
    if (file.st_nlink == 0) {
        return Refusal{Reason::no_file_for_size, "it has just been removed", 0};
    }
    const auto file_system = file_system_of(fd);
    if (!file_system) {
        return Refusal{Reason::map_failed, file_system.error().tried, file_system.error().code};
    }
    if (file_system.value().kind == FileSystem::Kind::other) {
        return Refusal{Reason::not_hugetlbfs, "it is on a disk file system; create it on a hugetlbfs mount",
                       0};
    }
    if (size.bytes % file_system.value().page_size.bytes != 0) {
        return Refusal{Reason::map_failed, "its size is no multiple of the page size", 0};
    }
    constexpr std::uint64_t kBlock = 512;  // st_blocks counts in this, whatever the file system's block size
    if (static_cast<std::uint64_t>(file.st_blocks) * kBlock < size.bytes) {
        return Refusal{Reason::not_populated, "it has holes; create it anew with hugepage-file-init", 0};
    }
    return file_system.value();
}

}  // namespace

Result<FileSystem> file_system_of(int fd) noexcept {
    struct statfs facts {};
    if (sys::call(SYS_fstatfs, fd, &facts) != 0) {
        return Error{"fstatfs", errno};
    }
    FileSystem result;
    result.page_size = ByteSize{static_cast<std::uint64_t>(facts.f_bsize)};
    if (facts.f_type == HUGETLBFS_MAGIC) {
        result.kind = FileSystem::Kind::hugetlbfs;
    } else if (facts.f_type == TMPFS_MAGIC) {
        result.kind = FileSystem::Kind::tmpfs;
    }
    return result;
}

uid_t own_user() noexcept {
    const auto user = static_cast<uid_t>(sys::call(SYS_geteuid));
    if (user == 0) {
        return user;
    }
    std::array<char, 128> buffer;
    uid_t unnamed = 65534;  // unless the kernel says otherwise
    static_cast<void>(for_each_part("/proc/sys/kernel/overflowuid", '\n', buffer, [&](std::string_view line) {
        unnamed = static_cast<uid_t>(parse_number(line, UINT32_MAX).value_or(unnamed));
    }));
    if (user != unnamed) {
        return user;
    }
    bool is_every_user_named = false;
    static_cast<void>(for_each_part("/proc/self/uid_map", '\n', buffer, [&](std::string_view line) {
        is_every_user_named = is_every_user_named || line.ends_with(" 4294967295");  // so many in one range
    }));
    return is_every_user_named ? user : 0;
}

// Who may write to the folder can put another file in the place of the pool's: one of root's own, even, that
// some other program uses.
Result<Done, Refusal> inspect(const NodeFolder& folder, uid_t user) noexcept {
    if (!folder.opened()) {
        return refusal_of_open(folder.opened().error().code);
    }
    struct stat facts {};
    if (sys::fstat(folder.fd(), facts) != 0) {
        return Refusal{Reason::map_failed, "fstat", errno};
    }
    if (is_anothers(facts, user)) {
        return Refusal{Reason::insecure,
                       "its folder belongs to another user; chown it to root or to the sealer's user", 0};
    }
    if ((facts.st_mode & S_IWOTH) != 0) {
        return Refusal{Reason::insecure, "everybody may write to its folder; chmod o-w the folder", 0};
    }
    return Done{};
}

Result<Fd, Refusal> open_own(const NodeFolder& folder, const char* name, ByteSize size, uid_t user) noexcept {
    // O_NONBLOCK: a FIFO or device in the file's place must not hold the caller up.
    struct stat facts {};
    auto file = Fd::open(name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0, folder.fd(), facts);
    if (!file) {
        return refusal_of_open(folder, name, size, file.error().code);
    }
    if (facts.st_mode == 0) {
        return Refusal{Reason::map_failed, "fstat", errno};
    }
    if (!is_file_of(facts, size)) {
        return kNoSuchFile;
    }
    if (const auto fit = inspect_owner(facts, user); !fit) {
        return fit.error();
    }
    return std::move(file.value());
}

Result<FileSystem, Refusal> inspect(const char* path, ByteSize size, uid_t user) noexcept {
    const NodeFolder folder{path};
    if (const auto fit = inspect(folder, user); !fit) {
        return fit.error();
    }
    const auto own = open_own(folder, folder.only_name(), size, user);
    return own ? inspect_memory(own.value().get(), size) : own.error();
}

Result<FileSystem, Refusal> lease(const Fd& own, ByteSize size) noexcept {
    if (sys::call(SYS_flock, own.get(), LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? Refusal{Reason::all_leased, "somebody else holds it", 0}
                                    : Refusal{Reason::map_failed, "flock", errno};
    }
    return inspect_memory(own.get(), size);
}

}  // namespace hugepage
