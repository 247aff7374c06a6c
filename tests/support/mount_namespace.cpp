#include "tests/support/mount_namespace.h"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>

namespace tests {

std::string enter_own_mount_namespace() {
    static const std::string problem = [] {
        if (::unshare(CLONE_NEWNS) != 0) {
            return std::string("needs a mount namespace of its own: ") + std::strerror(errno) +
                   " (run it as root)";
        }
        // Fails in a chroot whose root is no mount point; then mounts may be seen outside until they are
        // undone.
        static_cast<void>(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
        return std::string();
    }();
    return problem;
}

SmallDisk::SmallDisk(std::uint64_t bytes) : missing_(enter_own_mount_namespace()) {
    if (!missing_.empty()) {
        return;
    }
    root_ = std::make_unique<TempDir>();
    path_ = root_->path() / "disk";
    std::filesystem::create_directory(path_);
    const std::string options = "size=" + std::to_string(bytes);
    if (::mount("none", path_.c_str(), "tmpfs", 0, options.c_str()) != 0) {
        missing_ = std::string("needs to mount a tmpfs: ") + std::strerror(errno);
    }
}

SmallDisk::~SmallDisk() {
    if (missing_.empty()) {
        ::umount2(path_.c_str(), MNT_DETACH);
    }
}

}  // namespace tests
