#include "tools/file_init/new_file.h"

#include "tools/common/failure.h"
#include "tools/common/wording.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace file_init {
namespace {

// linkat(2) by way of /proc needs no privilege, but /proc; by the descriptor itself it needs
// CAP_DAC_READ_SEARCH.
int give_name(int fd, int folder, const std::string& name) {
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    if (::linkat(AT_FDCWD, link.c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
        return 0;
    }
    if (errno != ENOENT) {
        return errno;
    }
    return ::linkat(fd, "", folder, name.c_str(), AT_EMPTY_PATH) == 0 ? 0 : errno;
}

}  // namespace

NewFile NewFile::in(int folder, const std::string& path, const Request& request) {
    constexpr mode_t kUntilComplete = 0600;
    hugepage::Fd fd(::openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, kUntilComplete));
    if (fd.get() < 0) {
        const bool unknown = errno == EOPNOTSUPP || errno == EISDIR;
        throw tools::system_failure(
            "create " + path, errno,
            unknown ? "this kernel's hugetlbfs has no O_TMPFILE; a newer one is needed" : "");
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
                                 " has been created by somebody else meanwhile; nothing was "
                                 "created; run this again to see whether it is right");
    }
    if (error != 0) {
        throw tools::system_failure(
            "give the complete file its name " + path_, error,
            error == ENOENT ? "somebody has removed the folder meanwhile; run this again" : "");
    }
}

void NewFile::withdraw(int folder) const noexcept {
    struct stat own {};
    struct stat named {};
    if (::fstat(fd(), &own) == 0 && ::fstatat(folder, name().c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        own.st_dev == named.st_dev && own.st_ino == named.st_ino) {
        ::unlinkat(folder, name().c_str(), 0);
    }
}

std::string NewFile::name() const {
    return path_.substr(path_.rfind('/') + 1);
}

}  // namespace file_init
