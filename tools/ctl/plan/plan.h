// What a number of sectors at a time needs: files, pages, and what is left of each node. No system call is
// made here.
#pragma once

#include "tools/ctl/base/values.h"

#include <string>
#include <vector>

namespace ctl {

struct PlanRequest {
    ByteSize sector;
    std::size_t parallel = 1;           // sectors labelled at a time, on all nodes together
    std::vector<NodeId> nodes;          // ascending, at least one
    std::optional<ByteSize> page_size;  // nothing: the largest of 1 GiB and 2 MiB that divides the sector
};

struct NodePlan {
    NodeId node;
    std::size_t sectors = 0;  // at a time
    std::size_t files = 0;    // two for each sector
    std::uint64_t pages = 0;
    ByteSize memory;  // of the node
    ByteSize needed;  // of it, by the pages

    [[nodiscard]] bool fits() const noexcept { return needed < memory; }
    [[nodiscard]] ByteSize left() const noexcept { return {fits() ? memory.bytes - needed.bytes : 0}; }
};

struct Plan {
    ByteSize sector;
    ByteSize page_size;
    std::vector<NodePlan> nodes;

    [[nodiscard]] bool fits() const noexcept;
};

// The sectors are dealt out to the nodes as evenly as can be, lower nodes first. Throws tools::Failure where
// the sector is no whole number of pages.
[[nodiscard]] Plan make_plan(const PlanRequest& request, const Machine& machine);

// "hugepagesz=1G hugepages=0:192,1:192": reserves the pages as the machine starts, when there still are any
// of 1 GiB. For nodes by number kernels before 5.16 know no word: with several nodes they deal out evenly.
[[nodiscard]] std::string kernel_command_line(const Plan& plan, const Machine& machine);

}  // namespace ctl
