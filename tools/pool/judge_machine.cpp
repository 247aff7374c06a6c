// The machine: sizes of pages, mounts, limits, and pages that are there for a while.
#include "tools/common/command_line.h"
#include "tools/common/values.h"
#include "tools/pool/judge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ctl {
namespace {

Finding judge_page_sizes(const Machine& machine) {
    std::vector<std::string> sizes;
    for (const ByteSize size : machine.page_sizes) {
        sizes.push_back(tools::page_size_text(size));
    }
    if (sizes.empty()) {
        return {"page-sizes", Verdict::fail, "this kernel has no huge pages",
                "It was built without hugetlbfs, or the virtual machine's CPU lacks them.",
                "grep HUGETLBFS /boot/config-$(uname -r)"};
    }
    return {
        "page-sizes", Verdict::ok, fmt::format("huge pages of {}", fmt::join(sizes, ", ")),
        machine.has_page_size(k1GiB) ? "" : "Those of 1 GiB need a CPU with pdpe1gb; 2 MiB gain most of it.",
        ""};
}

Finding judge_thp(const Settings& settings) {
    if (!settings.thp) {
        return {"thp", Verdict::ok, "the kernel has no transparent huge pages",
                "Ordinary memory in a file's place is in the smallest pages.", ""};
    }
    if (*settings.thp == "never") {
        return {"thp", Verdict::warn, "transparent huge pages: never",
                "When no file is free, the memory in its place is in the smallest pages, which is slower.",
                "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled"};
    }
    return {"thp", Verdict::ok, "transparent huge pages: " + *settings.thp,
            "What can't be served from a file has them at least.", ""};
}

Findings judge_groups(const Settings& settings, bool has_pool) {
    Findings findings;
    for (const GroupLimit& limit : settings.group_limits) {
        findings.push_back(
            {"cgroup", has_pool ? Verdict::ok : Verdict::warn,
             fmt::format("this control group may take {} in {} pages",
                         limit.bytes == 0 ? "nothing" : tools::size_text(ByteSize{limit.bytes}), limit.page),
             "That limits the making of files, not the use of files that are there: their pages were counted "
             "for the process that made them.",
             has_pool ? ""
                      : "make the files outside this group, or: echo max | sudo tee " +
                            tools::quoted(limit.file)});
    }
    return findings;
}

Findings judge_mounts(const Machine& machine, bool has_pool) {
    Findings findings;
    for (const tools::Mount& mount : machine.mounts) {
        findings.push_back({"mounts", Verdict::ok, fmt::format("{}: {}", mount.point, mount.options)});
    }
    // A pool on tmpfs, for trying things out, needs no mount of hugetlbfs.
    if (findings.empty() && !has_pool) {
        // Those of 1 GiB are rarely free unless they were allocated as the machine started.
        const bool has_large = std::ranges::any_of(
            machine.nodes, [](const Node& node) { return node.pages_of(k1GiB).total > 0; });
        findings.push_back({"mounts", Verdict::fail, "hugetlbfs is not mounted",
                            "The files live on it; a mount is gone after a reboot.",
                            fmt::format("sudo mkdir -p /mnt/huge && sudo mount -t hugetlbfs -o "
                                        "pagesize={},nosuid,nodev,noexec none /mnt/huge",
                                        tools::mount_size_text(has_large ? k1GiB : k2MiB))});
    }
    return findings;
}

}  // namespace

Findings judge_surplus(const Machine& machine) {
    Findings findings;
    for (const Node& node : machine.nodes) {
        for (const Pages& pages : node.pages) {
            if (pages.surplus > 0) {
                findings.push_back(
                    {"surplus", Verdict::warn,
                     fmt::format("node {} has {} of {}", node.id.value,
                                 tools::counted(pages.surplus, "surplus page"),
                                 tools::page_size_text(pages.size)),
                     "The kernel took them for a while (vm.nr_overcommit_hugepages), and takes them back "
                     "when "
                     "they are free: files in them may not be made again. Kernels before 6.7 add them to "
                     "another node's pages when its count is written.",
                     "sudo sysctl -w vm.nr_overcommit_hugepages=0   (no more of them; setup allocates "
                     "pages)"});
            }
        }
    }
    return findings;
}

Findings judge_machine(const Machine& machine, const Settings& settings, bool has_pool) {
    Findings findings{judge_page_sizes(machine), judge_thp(settings)};
    append(findings, judge_surplus(machine));
    append(findings, judge_groups(settings, has_pool));
    append(findings, judge_mounts(machine, has_pool));
    return findings;
}

}  // namespace ctl
