#include "tools/ctl/doctor/mount_checks.h"

#include "tools/common/wording.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sys/statvfs.h>

#include <utility>

namespace ctl {

std::vector<MountFacts> mount_facts(const std::vector<tools::Mount>& mounts) {
    std::vector<MountFacts> all;
    for (const tools::Mount& mount : mounts) {
        struct statvfs facts {};
        const auto page_size = mount.page_size();
        if (!mount.is_hugetlbfs() || !page_size || ::statvfs(mount.point.c_str(), &facts) != 0) {
            continue;
        }
        MountFacts one{.point = mount.point,
                       .page_size = *page_size,
                       .limit = {},
                       .nosuid = (facts.f_flag & ST_NOSUID) != 0,
                       .nodev = (facts.f_flag & ST_NODEV) != 0,
                       .noexec = (facts.f_flag & ST_NOEXEC) != 0};
        if (facts.f_blocks > 0) {
            one.limit = ByteSize{facts.f_blocks * facts.f_frsize};
        }
        all.push_back(std::move(one));
    }
    return all;
}

Findings check_mounts(const std::vector<MountFacts>& mounts, const Machine& machine) {
    if (mounts.empty()) {
        const ByteSize size = machine.has_page_size(k1GiB) ? k1GiB : k2MiB;
        return {fail("mounts", "hugetlbfs is not mounted",
                     "The files live on it; a mount is gone after a reboot.",
                     fmt::format("sudo mkdir -p /mnt/huge && sudo mount -t hugetlbfs -o "
                                 "pagesize={},nosuid,nodev,noexec none /mnt/huge",
                                 tools::mount_size_text(size)))};
    }
    Findings findings;
    for (const MountFacts& mount : mounts) {
        std::vector<std::string> without;
        for (const auto& [is_set, name] : {std::pair(mount.nosuid, "nosuid"), std::pair(mount.nodev, "nodev"),
                                           std::pair(mount.noexec, "noexec")}) {
            if (!is_set) {
                without.emplace_back(name);
            }
        }
        const std::string limit = mount.limit ? ", at most " + size_text(mount.limit->bytes) : "";
        findings.push_back(
            ok("mounts",
               fmt::format("{}: pages of {}{}", mount.point, tools::page_size_text(mount.page_size), limit),
               without.empty() ? ""
                               : fmt::format("Nothing on it is ever run, so it could as well be mounted {}.",
                                             fmt::join(without, ","))));
    }
    return findings;
}

}  // namespace ctl
