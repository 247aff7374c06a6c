#include "shim/core/lease.h"

#include "shim/core/fixed_string.h"
#include "shim/core/slice.h"
#include "shim/core/sys.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace hugepage {
namespace {

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
            return {Reason::no_file_for_size, "it is gone since the pool was read", 0};
        default:
            return {Reason::map_failed, "open", code};
    }
}

bool is_anothers(const struct stat& facts, uid_t user) noexcept {
    return facts.st_uid != 0 && facts.st_uid != user;
}

bool all_may_write(const struct stat& facts) noexcept {
    return (facts.st_mode & S_IWOTH) != 0;
}

// What the file itself says against using it, cheapest first.
Result<FileSystem, Refusal> inspect(int fd, ByteSize size, uid_t user) noexcept {
    struct stat file {};
    if (sys::fstat(fd, file) != 0) {
        return Refusal{Reason::map_failed, "fstat", errno};
    }
    const auto file_size = static_cast<std::uint64_t>(file.st_size);
    if (!S_ISREG(file.st_mode)) {
        return Refusal{Reason::insecure, "it is no regular file", 0};
    }
    if (is_anothers(file, user)) {
        return Refusal{Reason::insecure,
                       "it belongs to another user; chown it to root or to the sealer's user", 0};
    }
    if (all_may_write(file)) {
        return Refusal{Reason::insecure, "everybody may write to it; chmod o-w", 0};
    }
    if (file_size != size.bytes) {
        return Refusal{Reason::no_file_for_size, "its size has changed since the pool was read", 0};
    }
    const auto file_system = file_system_of(fd);
    if (!file_system) {
        return Refusal{Reason::map_failed, file_system.error().tried, file_system.error().code};
    }
    if (file_system.value().kind == FileSystem::Kind::other) {
        return Refusal{Reason::not_hugetlbfs, "it is on a disk file system; create it on a hugetlbfs mount",
                       0};
    }
    if (file_size % file_system.value().page_size.bytes != 0) {
        return Refusal{Reason::map_failed, "its size is no multiple of the page size", 0};
    }
    constexpr std::uint64_t kBlock = 512;  // st_blocks counts in this, whatever the file system's block size
    if (static_cast<std::uint64_t>(file.st_blocks) * kBlock < file_size) {
        return Refusal{Reason::not_populated, "it has holes; create it anew with hugepage-file-init", 0};
    }
    return file_system.value();
}

}  // namespace

// Who may write to the folder can put another file in the place of the pool's: one of root's own, even, that
// some other program uses.
Result<Done, Refusal> inspect_folder_of(std::string_view path, uid_t user) noexcept {
    const std::size_t name = path.rfind('/');
    const Path folder(name == std::string_view::npos ? "." : first_of(path, std::max<std::size_t>(name, 1)));
    struct stat facts {};
    if (sys::stat(folder.c_str(), facts) != 0) {
        return refusal_of_open(errno);
    }
    if (is_anothers(facts, user)) {
        return Refusal{Reason::insecure,
                       "its folder belongs to another user; chown it to root or to the sealer's user", 0};
    }
    if (all_may_write(facts)) {
        return Refusal{Reason::insecure, "everybody may write to its folder; chmod o-w the folder", 0};
    }
    return Done{};
}

Result<UsableFile, Refusal> open_usable_in_folder(const char* path, ByteSize size, uid_t user) noexcept {
    // O_NONBLOCK: a FIFO or device in the file's place must not hold the caller up.
    auto file = Fd::open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (!file) {
        return refusal_of_open(file.error().code);
    }
    const auto file_system = inspect(file.value().get(), size, user);
    if (!file_system) {
        return file_system.error();
    }
    return UsableFile{std::move(file.value()), file_system.value()};
}

Result<UsableFile, Refusal> open_usable(const char* path, ByteSize size, uid_t user) noexcept {
    const auto folder = inspect_folder_of(path, user);
    return folder ? open_usable_in_folder(path, size, user) : folder.error();
}

Result<Lease, Refusal> Lease::take(UsableFile usable) noexcept {
    const int fd = usable.file.get();
    if (sys::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? Refusal{Reason::all_leased, "somebody else holds it", 0}
                                    : Refusal{Reason::map_failed, "flock", errno};
    }
    struct stat facts {};
    if (sys::fstat(fd, facts) != 0 || facts.st_nlink == 0) {
        return Refusal{Reason::no_file_for_size, "it is gone since the pool was read", 0};
    }
    return Lease(std::move(usable.file), usable.file_system);
}

}  // namespace hugepage
