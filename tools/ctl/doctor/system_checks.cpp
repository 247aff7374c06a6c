#include "tools/ctl/doctor/system_checks.h"

#include "shim/base/text_file.h"
#include "tools/common/lines.h"
#include "tools/common/wording.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

namespace ctl {
namespace {

using hugepage::for_each_line;
using hugepage::trimmed;

// What follows the name on its line; nothing if there is no such line.
std::optional<std::string> value_in(const std::string& path, std::string_view name) {
    std::optional<std::string> value;
    static_cast<void>(for_each_line(path.c_str(), [&](std::string_view line) {
        if (!value && line.starts_with(name)) {
            value = trimmed(line.substr(name.size()));
        }
    }));
    return value;
}

// The word in brackets of "always [madvise] never".
std::optional<std::string> thp_of(const std::string& sys) {
    const std::string line = value_in(sys + "/kernel/mm/transparent_hugepage/enabled", "").value_or("");
    const std::size_t begin = line.find('[') + 1;
    const std::size_t end = line.find(']');
    return begin == 0 || end == std::string::npos ? std::nullopt
                                                  : std::optional(line.substr(begin, end - begin));
}

void read_limits(const std::string& folder, std::vector<GroupLimit>& limits) {
    constexpr std::string_view kPrefix = "hugetlb.";
    constexpr std::string_view kSuffix = ".max";
    static_cast<void>(hugepage::for_each_entry(folder.c_str(), [&](std::string_view name) {
        if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) {
            return;
        }
        const std::string file = folder + "/" + std::string(name);
        name.remove_prefix(kPrefix.size());
        name.remove_suffix(std::min(name.size(), kSuffix.size()));
        const auto bytes = hugepage::parse_number(value_in(file, "").value_or(""), UINT64_MAX);
        if (bytes && name.find('.') == std::string_view::npos) {  // not "2MB.rsvd": files reserve nothing
            limits.push_back({std::string(name), *bytes, file});
        }
    }));
}

// Of the process's group and of those around it.
std::vector<GroupLimit> group_limits(const Roots& roots) {
    std::vector<GroupLimit> limits;
    const std::string root = roots.sys + "/fs/cgroup";
    if (const auto group = value_in(roots.of_process("cgroup"), "0::/")) {
        for (std::filesystem::path path = *group; !path.empty(); path = path.parent_path()) {
            read_limits(root + "/" + path.string(), limits);
        }
        read_limits(root, limits);
    }
    std::ranges::sort(limits, {}, &GroupLimit::file);
    return limits;
}

Finding check_page_sizes(const Machine& machine) {
    std::vector<std::string> sizes;
    for (const ByteSize size : machine.page_sizes) {
        sizes.push_back(tools::page_size_text(size));
    }
    if (sizes.empty()) {
        return fail("page-sizes", "this kernel has no huge pages",
                    "It was built without hugetlbfs, or the virtual machine's CPU lacks them.",
                    "grep HUGETLBFS /boot/config-$(uname -r)");
    }
    return ok(
        "page-sizes", fmt::format("huge pages of {}", fmt::join(sizes, ", ")),
        machine.has_page_size(k1GiB) ? "" : "Those of 1 GiB need a CPU with pdpe1gb; 2 MiB gain most of it.");
}

Finding check_thp(const SystemFacts& facts) {
    if (!facts.thp) {
        return ok("thp", "the kernel has no transparent huge pages",
                  "Ordinary memory in a file's place is in 4 KiB pages.");
    }
    if (*facts.thp == "never") {
        return warn("thp", "transparent huge pages: never",
                    "When no file is free, the memory in its place is in 4 KiB pages, which is slower.",
                    "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled");
    }
    return ok("thp", "transparent huge pages: " + *facts.thp,
              "What can't be served from a file has them at least.");
}

Findings check_surplus(const Machine& machine) {
    std::uint64_t surplus = 0;
    for (const Node& node : machine.nodes) {
        for (const Pages& pages : node.pages) {
            surplus += pages.surplus;
        }
    }
    if (surplus == 0) {
        return {};
    }
    return {
        warn("surplus", fmt::format("{} beyond those reserved", tools::counted(surplus, "huge page")),
             "The kernel took them for a while (vm.nr_overcommit_hugepages), and takes them back when they "
             "are free: files in them may not be made again. Reserve that many instead.",
             "hugepagectl plan --help")};
}

Findings check_groups(const SystemFacts& facts, bool has_pool) {
    Findings findings;
    for (const GroupLimit& limit : facts.group_limits) {
        findings.push_back(
            {"cgroup", has_pool ? Verdict::ok : Verdict::warn,
             fmt::format("this control group may take {} in {} pages",
                         limit.bytes == 0 ? "nothing" : size_text(limit.bytes), limit.page),
             "That limits the making of files, not the use of files that are there: their pages were counted "
             "for the process that made them.",
             has_pool ? ""
                      : "make the files outside this group, or: echo max | sudo tee " +
                            tools::quoted(limit.file)});
    }
    return findings;
}

Findings check_mounts(const Machine& machine, bool has_pool) {
    Findings findings;
    for (const tools::Mount& mount : machine.mounts) {
        findings.push_back(ok("mounts", fmt::format("{}: {}", mount.point, mount.options)));
    }
    // A pool on tmpfs, for trying things out, needs no mount of hugetlbfs.
    if (findings.empty() && !has_pool) {
        const ByteSize size = machine.has_page_size(k1GiB) ? k1GiB : k2MiB;
        findings.push_back(fail("mounts", "hugetlbfs is not mounted",
                                "The files live on it; a mount is gone after a reboot.",
                                fmt::format("sudo mkdir -p /mnt/huge && sudo mount -t hugetlbfs -o "
                                            "pagesize={},nosuid,nodev,noexec none /mnt/huge",
                                            tools::mount_size_text(size))));
    }
    return findings;
}

}  // namespace

SystemFacts read_system_facts(const Roots& roots) {
    SystemFacts facts;
    facts.thp = thp_of(roots.sys);
    if (const auto nodes = value_in(roots.of_process("status"), "Mems_allowed_list:")) {
        facts.mems_allowed = hugepage::parse_node_list(*nodes);
    }
    facts.group_limits = group_limits(roots);
    return facts;
}

Findings check_system(const SystemFacts& facts, const Machine& machine, bool has_pool) {
    Findings findings{check_page_sizes(machine), check_thp(facts)};
    append(findings, check_surplus(machine));
    append(findings, check_groups(facts, has_pool));
    append(findings, check_mounts(machine, has_pool));
    return findings;
}

}  // namespace ctl
