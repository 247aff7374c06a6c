#include "tools/ctl/setup/mounting.h"

#include "tools/common/failure.h"
#include "tools/common/wording.h"

#include <fmt/format.h>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace ctl {
namespace {

std::string data_of(ByteSize page_size) {
    return fmt::format("pagesize={},mode=0755", tools::mount_size_text(page_size));
}

// Of several at one point the last one is seen.
const tools::Mount* mount_at(const std::vector<tools::Mount>& mounts, const std::string& point) {
    const auto found = std::find_if(mounts.rbegin(), mounts.rend(),
                                    [&](const tools::Mount& mount) { return mount.point == point; });
    return found != mounts.rend() ? &*found : nullptr;
}

}  // namespace

std::string mount_options(ByteSize page_size) {
    return data_of(page_size) + ",nosuid,nodev,noexec";
}

void make_folder(const std::string& path, Ledger& ledger) {
    constexpr mode_t kMode = 0755;
    ledger.record.folders.push_back(path);
    ledger.save();
    const auto forget = [&] {
        std::erase(ledger.record.folders, path);
        ledger.save();
    };
    if (::mkdir(path.c_str(), kMode) != 0) {
        const int error = errno;
        forget();
        if (error != EEXIST) {
            throw tools::system_failure("make the folder " + path, error);
        }
        return;
    }
    // The umask has taken bits from the mode.
    if (::chmod(path.c_str(), kMode) != 0) {
        throw tools::system_failure("chmod " + path, errno);
    }
}

void mount_pages(const std::string& point, ByteSize page_size, Ledger& ledger) {
    const MountMade made{point, page_size};
    ledger.record.mounts.push_back(made);
    ledger.save();
    if (::mount(kMountSource, point.c_str(), "hugetlbfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                data_of(page_size).c_str()) != 0) {
        const int error = errno;
        std::erase(ledger.record.mounts, made);
        ledger.save();
        throw tools::system_failure(
            fmt::format("mount hugetlbfs (pages of {}) at {}", tools::page_size_text(page_size), point),
            error, error == EPERM ? "in a container, give it the capability SYS_ADMIN" : "");
    }
}

Gone remove_folder(const std::string& path, Ledger& ledger) {
    Gone gone = Gone::removed;
    if (::rmdir(path.c_str()) != 0) {
        const int error = errno;
        if (error == ENOTEMPTY || error == EEXIST) {
            return Gone::not_empty;
        }
        if (error == EBUSY) {
            return Gone::busy;
        }
        if (error != ENOENT && error != ENOTDIR) {
            return Gone::failed;
        }
        gone = Gone::missing;
    }
    std::erase(ledger.record.folders, path);
    ledger.save();
    return gone;
}

Gone unmount_pages(const MountMade& mount, Ledger& ledger) {
    const auto mounts = tools::mounts();
    const tools::Mount* seen = mount_at(mounts, mount.point);
    Gone gone = Gone::missing;
    if (seen != nullptr && seen->source == kMountSource && seen->page_size() == mount.page_size) {
        std::error_code error;
        if (!std::filesystem::is_empty(mount.point, error) || error) {
            return error ? Gone::failed : Gone::not_empty;
        }
        if (::umount2(mount.point.c_str(), UMOUNT_NOFOLLOW) != 0) {
            return errno == EBUSY ? Gone::busy : Gone::failed;
        }
        gone = Gone::removed;
    }
    std::erase(ledger.record.mounts, mount);
    ledger.save();
    return gone;
}

}  // namespace ctl
