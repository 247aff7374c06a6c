#include "tools/ctl/doctor/system_checks.h"

#include "tools/common/wording.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ctl {
namespace {

// MADV_POPULATE_WRITE came with it.
constexpr KernelVersion kPopulates{5, 14};

Finding check_kernel(const SystemFacts& facts) {
    const auto version = kernel_version(facts.release);
    if (!version) {
        return ok("kernel", "the kernel doesn't tell its version");
    }
    const std::string found = "Linux " + facts.release;
    return *version >= kPopulates ? ok("kernel", found)
                                  : ok("kernel", found,
                                       "Before 5.14 a file's pages are mapped at the first touch of each, "
                                       "not at once; files serve "
                                       "all the same.");
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

Finding check_balancing(const SystemFacts& facts, const Machine& machine) {
    if (facts.numa_balancing.value_or(0) == 0 || machine.nodes.size() < 2) {
        return ok("numa-balancing", facts.numa_balancing.value_or(0) == 0
                                        ? "the kernel doesn't move pages between nodes by itself"
                                        : "kernel.numa_balancing is on, and there is one node only");
    }
    return warn("numa-balancing", fmt::format("kernel.numa_balancing is {}", facts.numa_balancing.value()),
                "Now and then the kernel unmaps a sealer's ordinary memory to see who uses it, and moves it: "
                "stalls of milliseconds. Memory from files stays where it is. Yours to decide; nothing here "
                "changes it.",
                "sudo sysctl -w kernel.numa_balancing=0");
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

Finding check_reclaim(const SystemFacts& facts, const Machine& machine) {
    if (facts.zone_reclaim.value_or(0) == 0 || machine.nodes.size() < 2) {
        return ok("zone-reclaim", "nodes don't give up their page cache before others are asked");
    }
    return warn("zone-reclaim", fmt::format("vm.zone_reclaim_mode is {}", facts.zone_reclaim.value()),
                "A full node frees its page cache, parents' files among it, before memory of another node is "
                "taken: ordinary memory may stall.",
                "sudo sysctl -w vm.zone_reclaim_mode=0");
}

Finding check_memlock(const SystemFacts& facts) {
    return ok("memlock",
              facts.memlock ? fmt::format("{} may be locked", size_text(*facts.memlock))
                            : "no limit to what may be locked",
              "Memory from files needs none: it is never swapped, and mlock of it succeeds at any limit.");
}

Findings check_surplus(const SystemFacts& facts, const Machine& machine) {
    std::uint64_t surplus = 0;
    for (const Node& node : machine.nodes) {
        for (const Pages& pages : node.pages) {
            surplus += pages.surplus;
        }
    }
    if (surplus > 0) {
        return {
            warn("surplus", fmt::format("{} beyond those reserved", tools::counted(surplus, "huge page")),
                 "They were taken for a while (vm.nr_overcommit_hugepages), and go when who has them does: "
                 "files in them can't be made again at will. Reserve that many instead.",
                 "hugepagectl plan --help")};
    }
    if (facts.overcommit_pages.value_or(0) > 0) {
        return {ok("surplus",
                   fmt::format("vm.nr_overcommit_hugepages allows {} beyond those reserved; none is in use",
                               tools::counted(*facts.overcommit_pages, "huge page")))};
    }
    return {};
}

Findings check_groups(const SystemFacts& facts, bool has_pool) {
    Findings findings;
    for (const GroupLimit& limit : facts.group_limits) {
        const std::string found =
            fmt::format("this control group may take {} in {} pages",
                        limit.bytes == 0 ? "nothing" : size_text(limit.bytes), limit.page);
        constexpr const char* kMeans =
            "That limits what it takes from the kernel, as when files are made, not the use of files that "
            "are "
            "there: their pages were counted for who made them.";
        findings.push_back(has_pool ? ok("cgroup", found, kMeans)
                                    : warn("cgroup", found, kMeans,
                                           "make the files outside this group, or: echo max | sudo tee " +
                                               tools::quoted(limit.file)));
    }
    return findings;
}

Findings check_container(const SystemFacts& facts) {
    if (facts.container.empty()) {
        return {};
    }
    return {ok("container", "in a container: " + facts.container,
               "Make the files on the host, and mount their folder into the container (-v DIR:DIR; in "
               "Kubernetes a hostPath volume): pages in files are not counted against the container. The "
               "library and "
               "the variables have to be inside.")};
}

}  // namespace

Findings check_system(const SystemFacts& facts, const Machine& machine, bool has_pool) {
    Findings findings{check_kernel(facts), check_page_sizes(machine),     check_balancing(facts, machine),
                      check_thp(facts),    check_reclaim(facts, machine), check_memlock(facts)};
    append(findings, check_surplus(facts, machine));
    append(findings, check_groups(facts, has_pool));
    append(findings, check_container(facts));
    return findings;
}

}  // namespace ctl
