// What doctor says of the kernel's settings and of the limits that a process is under.
#pragma once

#include "tools/ctl/base/machine.h"
#include "tools/ctl/doctor/finding.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ctl {

// Where the kernel's files are; tests have them elsewhere.
struct Roots {
    std::string sys = "/sys";
    std::string proc = "/proc";
    std::string process = "self";  // or a pid

    [[nodiscard]] std::string of_process(const std::string& name) const {
        return proc + "/" + process + "/" + name;
    }
};

// How many bytes of huge pages of one size the processes of a control group may take from the kernel.
struct GroupLimit {
    std::string page;  // as the kernel writes it: "2MB"
    std::uint64_t bytes = 0;
    std::string file;  // it is written in
};

// What the kernel doesn't tell is left empty.
struct SystemFacts {
    std::optional<std::string> thp;  // "madvise"
    std::optional<hugepage::NodeSet> mems_allowed;
    std::vector<GroupLimit> group_limits;  // those that are set, of the process's groups (version 2)
};
[[nodiscard]] SystemFacts read_system_facts(const Roots& roots);

// Pure: over facts. `has_pool`: there are files that can be used.
[[nodiscard]] Findings check_system(const SystemFacts& facts, const Machine& machine, bool has_pool);

}  // namespace ctl
