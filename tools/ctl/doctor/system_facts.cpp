#include "tools/ctl/doctor/system_facts.h"

#include "shim/core/text_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace ctl {
namespace {

using hugepage::for_each_entry;
using hugepage::for_each_line;
using hugepage::parse_number;
using hugepage::trimmed;

std::string first_line(const std::string& path) {
    std::string text;
    bool is_first = true;
    static_cast<void>(for_each_line(path.c_str(), [&](std::string_view line) {
        if (is_first) {
            text = trimmed(line);
            is_first = false;
        }
    }));
    return text;
}

std::optional<std::uint64_t> number_in(const std::string& path) {
    return parse_number(first_line(path), UINT64_MAX);
}

// "always [madvise] never"
std::optional<std::string> bracketed(const std::string& line) {
    const std::size_t begin = line.find('[');
    const std::size_t end = line.find(']', begin == std::string::npos ? 0 : begin);
    return begin == std::string::npos || end == std::string::npos
               ? std::nullopt
               : std::optional(line.substr(begin + 1, end - begin - 1));
}

std::optional<std::uint64_t> overcommit_of(const std::string& sys) {
    const std::string folder = sys + "/kernel/mm/hugepages";
    std::optional<std::uint64_t> sum;
    static_cast<void>(for_each_entry(folder.c_str(), [&](std::string_view name) {
        const auto pages = number_in(folder + "/" + std::string(name) + "/nr_overcommit_hugepages");
        if (pages) {
            sum = sum.value_or(0) + *pages;
        }
    }));
    return sum;
}

// "Max locked memory         8388608              unlimited            bytes": the first is the soft limit.
std::optional<std::uint64_t> memlock_in(const std::string& path) {
    constexpr std::string_view kName = "Max locked memory";
    std::optional<std::uint64_t> limit;
    static_cast<void>(for_each_line(path.c_str(), [&](std::string_view line) {
        if (line.starts_with(kName)) {
            line = trimmed(line.substr(kName.size()));
            limit = parse_number(line.substr(0, line.find(' ')), UINT64_MAX);
        }
    }));
    return limit;
}

std::optional<hugepage::NodeSet> mems_allowed_in(const std::string& path) {
    constexpr std::string_view kName = "Mems_allowed_list:";
    std::optional<hugepage::NodeSet> nodes;
    static_cast<void>(for_each_line(path.c_str(), [&](std::string_view line) {
        if (line.starts_with(kName)) {
            nodes = hugepage::parse_node_list(trimmed(line.substr(kName.size())));
        }
    }));
    return nodes;
}

// Limits in a group's folder: hugetlb.2MB.max (v2), hugetlb.2MB.limit_in_bytes (v1).
void read_limits(const std::string& folder, std::vector<GroupLimit>& limits) {
    constexpr std::string_view kPrefix = "hugetlb.";
    constexpr std::uint64_t kUnlimited = INT64_MAX / 2;  // v1 says "none" by a number like this
    static_cast<void>(for_each_entry(folder.c_str(), [&](std::string_view name) {
        if (!name.starts_with(kPrefix)) {
            return;
        }
        const std::string_view rest = name.substr(kPrefix.size());
        const std::size_t dot = rest.find('.');
        const std::string_view key = dot == std::string_view::npos ? "" : rest.substr(dot);
        if (key != ".max" && key != ".limit_in_bytes") {
            return;
        }
        const std::string file = folder + "/" + std::string(name);
        const auto bytes = number_in(file);
        if (bytes && *bytes < kUnlimited) {
            limits.push_back({std::string(rest.substr(0, dot)), *bytes, file});
        }
    }));
}

// A group's limits, and those of the groups it is in.
void read_limits_upwards(const std::string& mount, std::string group, std::vector<GroupLimit>& limits) {
    for (;;) {
        while (group.ends_with('/')) {
            group.pop_back();
        }
        read_limits(mount + group, limits);
        if (group.empty()) {
            return;
        }
        group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
    }
}

// Lines are "0::/path" (v2) and "5:hugetlb:/path", "5:hugetlb,memory:/path" (v1).
std::vector<GroupLimit> group_limits(const Roots& roots) {
    std::vector<GroupLimit> limits;
    const std::string mount = roots.sys + "/fs/cgroup";
    static_cast<void>(for_each_line(roots.of_process("cgroup").c_str(), [&](std::string_view line) {
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second == std::string_view::npos) {
            return;
        }
        const std::string_view controllers = line.substr(first + 1, second - first - 1);
        const std::string group(line.substr(second + 1));
        if (controllers.empty()) {
            read_limits_upwards(mount, group, limits);
            read_limits_upwards(mount + "/unified", group, limits);
        } else if (controllers.find("hugetlb") != std::string_view::npos) {
            read_limits_upwards(mount + "/hugetlb", group, limits);
        }
    }));
    std::ranges::sort(limits, {}, &GroupLimit::file);
    return limits;
}

bool exists(const std::string& path) {
    struct stat facts {};
    return ::stat(path.c_str(), &facts) == 0;
}

std::string container_in(const Roots& roots) {
    if (exists(roots.files + "/.dockerenv")) {
        return "docker";
    }
    if (exists(roots.files + "/run/.containerenv")) {
        return "podman";
    }
    std::string manager = first_line(roots.files + "/run/systemd/container");
    if (!manager.empty()) {
        return manager;
    }
    std::string found;
    static_cast<void>(for_each_line((roots.proc + "/1/cgroup").c_str(), [&](std::string_view line) {
        for (const char* kind : {"kubepods", "docker", "containerd", "lxc"}) {
            if (found.empty() && line.find(kind) != std::string_view::npos) {
                found = kind == std::string_view("kubepods") ? "kubernetes" : kind;
            }
        }
    }));
    return found;
}

}  // namespace

SystemFacts read_system_facts(const Roots& roots) {
    SystemFacts facts;
    facts.release = first_line(roots.proc + "/sys/kernel/osrelease");
    facts.thp = bracketed(first_line(roots.sys + "/kernel/mm/transparent_hugepage/enabled"));
    facts.numa_balancing = number_in(roots.proc + "/sys/kernel/numa_balancing");
    facts.zone_reclaim = number_in(roots.proc + "/sys/vm/zone_reclaim_mode");
    facts.overcommit_pages = overcommit_of(roots.sys);
    facts.memlock = memlock_in(roots.of_process("limits"));
    facts.mems_allowed = mems_allowed_in(roots.of_process("status"));
    facts.group_limits = group_limits(roots);
    facts.container = container_in(roots);
    return facts;
}

std::optional<KernelVersion> kernel_version(const std::string& release) {
    const std::string_view text = release;
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) {
        return std::nullopt;
    }
    const std::size_t end = std::min(text.find_first_not_of("0123456789", dot + 1), text.size());
    const auto major = parse_number(text.substr(0, dot), UINT16_MAX);
    const auto minor = parse_number(text.substr(dot + 1, end - dot - 1), UINT16_MAX);
    if (!major || !minor) {
        return std::nullopt;
    }
    return KernelVersion{static_cast<unsigned>(*major), static_cast<unsigned>(*minor)};
}

}  // namespace ctl
