#include "tests/support/huge_page_group.h"

#include "tests/support/mount_namespace.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace tests {
namespace {

bool write_to(const std::filesystem::path& path, std::string_view text) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const bool written =
        fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(fd);
    return written;
}

bool names_controller(const std::filesystem::path& file) {
    return (" " + read_file(file)).find(" hugetlb") != std::string::npos;
}

}  // namespace

HugePageGroup::HugePageGroup(std::uint64_t page_bytes) : missing_(enter_own_mount_namespace()) {
    if (missing_.empty()) {
        root_ = std::make_unique<TempDir>();
        missing_ = make(page_bytes);
    }
}

bool HugePageGroup::has_version_2() {
    const auto& root = root_->path();
    if (::mount("none", root.c_str(), "cgroup2", 0, nullptr) != 0) {
        return false;
    }
    if (names_controller(root / "cgroup.controllers")) {
        return true;
    }
    ::umount2(root.c_str(), MNT_DETACH);
    return false;
}

std::string HugePageGroup::make(std::uint64_t page_bytes) {
    const auto& root = root_->path();
    const bool is_version_2 = has_version_2();
    if (!is_version_2 && ::mount("none", root.c_str(), "cgroup", 0, "hugetlb") != 0) {
        return std::string("needs the hugetlb controller of control groups: ") + std::strerror(errno);
    }
    if (is_version_2) {
        was_enabled_ = names_controller(root / "cgroup.subtree_control");
        if (!write_to(root / "cgroup.subtree_control", "+hugetlb")) {
            return std::string("needs to enable the hugetlb controller: ") + std::strerror(errno);
        }
    }
    group_ = root / ("hugepage_shim_test." + std::to_string(::getpid()));
    std::error_code failure;
    if (!std::filesystem::create_directory(group_, failure)) {
        return "needs to make a control group: " + failure.message();
    }
    const std::string prefix = "hugetlb." + std::to_string(page_bytes >> 20) + "MB.";
    const std::string name = is_version_2 ? "max" : "limit_in_bytes";
    if (!write_to(group_ / (prefix + name), "0")) {
        return "needs to limit huge pages by " + (group_ / (prefix + name)).string();
    }
    const auto reserved = group_ / (prefix + "rsvd." + name);  // not in kernels before 5.7
    if (std::filesystem::exists(reserved) && !write_to(reserved, "0")) {
        return "needs to limit huge pages by " + reserved.string();
    }
    return {};
}

HugePageGroup::~HugePageGroup() {
    if (!root_) {
        return;
    }
    if (!group_.empty()) {
        ::rmdir(group_.c_str());
    }
    if (!was_enabled_) {
        static_cast<void>(write_to(root_->path() / "cgroup.subtree_control", "-hugetlb"));
    }
    ::umount2(root_->path().c_str(), MNT_DETACH);
}

}  // namespace tests
