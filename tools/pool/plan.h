// What a number of sectors at a time needs: files, pages, and what is left of each node. No system call is
// made here.
#pragma once

#include "tools/pool/machine.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ctl {

// How many files on which node.
struct Share {
    NodeId node;
    std::size_t files = 0;

    friend bool operator==(const Share&, const Share&) = default;
};

struct PlanRequest {
    ByteSize sector;
    std::string sector_as_typed;
    std::size_t parallel = 1;             // sectors labelled at a time
    bool per_node = false;                // on each node; else on all nodes together
    std::vector<NodeId> nodes;            // ascending, at least one
    std::optional<ByteSize> page_size;    // nothing: the largest of 1 GiB and 2 MiB that divides the sector
    std::map<NodeId, std::size_t> there;  // files of the pool that can be used already
};

struct NodePlan {
    NodeId node;
    std::size_t sectors = 0;  // at a time
    std::size_t files = 0;    // two for each sector
    std::uint64_t pages = 0;  // of all files, those that are there included
    std::uint64_t other = 0;  // of that size, that other programs use or were promised
    ByteSize memory;          // of the node
    ByteSize needed;          // of it, by the pages
    ByteSize taken;           // of it, by huge pages of every size that aren't for these files
    bool fits = true;
    ByteSize left;  // for all else, when the pages are there
};

struct Plan {
    ByteSize sector;
    ByteSize page_size;
    // Of the page cache, once for the machine: the parents of all labels, 56 bytes each, which every sector
    // reads again in each layer.
    ByteSize parents;
    std::vector<NodePlan> nodes;

    [[nodiscard]] bool fits() const noexcept;
    [[nodiscard]] bool has_room_for_parents() const noexcept;
};

// The sectors are dealt out to the nodes as evenly as can be, lower nodes first. A node must have memory for
// the pages that are missing as setup counts it: beside the system's own, pages of every size that are there,
// and those that are promised (HugePages_Rsvd). Throws tools::Failure where the sector is no whole number of
// pages.
[[nodiscard]] Plan make_plan(const PlanRequest& request, const Machine& machine);

// "hugepagesz=1G hugepages=0:192,1:192": reserves the pages, and those of other programs, as the machine
// starts, when there still are any of 1 GiB. Kernels before 5.16 don't know nodes by number: with several
// nodes they deal out evenly.
[[nodiscard]] std::string kernel_command_line(const Plan& plan, const Machine& machine);

// "sudo hugepagectl setup --size 32GiB --node 0:2,1:2 --page-size 2MiB --path DIR --user sealer". A page size
// of 0, or a user without a name, is left out.
[[nodiscard]] std::string setup_command(const std::vector<Share>& shares, ByteSize size, ByteSize page_size,
                                        const std::string& where, const std::string& user);

// "; did you mean 32GiB?", where the size is no whole number of such pages: what is proposed is one. Empty if
// nothing near is.
[[nodiscard]] std::string size_hint(const std::string& size_as_typed, ByteSize page_size);

}  // namespace ctl
