// What doctor wants to know of the kernel and of the process that asks, read through roots that tests may
// put elsewhere. Reads only. What the kernel doesn't tell is left empty.
#pragma once

#include "tools/ctl/base/machine.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ctl {

struct Roots {
    std::string sys = "/sys";
    std::string proc = "/proc";
    std::string files;             // before all other paths: "" is the machine's own root
    std::string process = "self";  // or a pid

    [[nodiscard]] std::string of_process(const std::string& name) const {
        return proc + "/" + process + "/" + name;
    }
};

// How many bytes of huge pages of one size the processes of a group may have taken from the kernel.
struct GroupLimit {
    std::string page;  // as the kernel writes it: "2MB"
    std::uint64_t bytes = 0;
    std::string file;  // it is written in
};

struct SystemFacts {
    std::string release;             // "6.1.0-18-amd64"
    std::optional<std::string> thp;  // "madvise"
    std::optional<std::uint64_t> numa_balancing;
    std::optional<std::uint64_t> zone_reclaim;
    std::optional<std::uint64_t> overcommit_pages;  // nr_overcommit_hugepages, of all sizes together
    std::optional<std::uint64_t> memlock;           // bytes; nothing: no limit, or not known
    std::optional<hugepage::NodeSet> mems_allowed;
    std::vector<GroupLimit> group_limits;  // those that are set, of the process's control groups
    std::string container;                 // "docker"; empty: none
};

// Never throws: what can't be read isn't known.
[[nodiscard]] SystemFacts read_system_facts(const Roots& roots);

// (major, minor); nothing if the text doesn't begin like a kernel's release.
struct KernelVersion {
    unsigned major = 0;
    unsigned minor = 0;

    friend auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};
[[nodiscard]] std::optional<KernelVersion> kernel_version(const std::string& release);

}  // namespace ctl
