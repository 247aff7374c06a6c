// What setup has to do, decided from the request and the facts alone: no system call is made here.
#pragma once

#include "tools/ctl/values.h"
#include "tools/file_init/facts.h"
#include "tools/file_init/request.h"

#include <string>
#include <vector>

namespace ctl {

struct SetupRequest {
    std::vector<Share> shares;  // ascending, at least one
    std::optional<ByteSize> page_size;
    // Size, place, owner and so on of the files; its node and count are of no account.
    file_init::Request files;
    std::string place;  // where hugetlbfs is to be: --path, or the folder in which the nodes' folders are
    std::string where;  // "--path DIR" or "--path-pattern P", to type
};

struct SetupFacts {
    Machine machine;
    std::vector<file_init::Facts> nodes;  // one for each share
    bool place_is_empty = true;           // or not there
    // Of each page size, on the whole machine: how many are promised to others.
    std::vector<std::pair<ByteSize, std::uint64_t>> promised;

    [[nodiscard]] std::uint64_t promised_of(ByteSize size) const;
};

// Of one node. All counts are pages.
struct NodeSetup {
    NodeId node;
    std::vector<std::string> create;  // paths
    std::vector<std::string> keep;
    std::uint64_t pages_per_file = 0;
    std::uint64_t available = 0;  // already there, free, promised to nobody
    std::uint64_t reserved = 0;   // already there, in use or not
    std::uint64_t missing = 0;    // for all files
    std::size_t possible = 0;     // how many of `create` the node's memory could hold
    std::uint64_t grow = 0;       // for the possible files: what is to be reserved

    [[nodiscard]] std::uint64_t needed() const { return create.size() * pages_per_file; }
};

struct SetupPlan {
    ByteSize size;
    ByteSize page_size;
    std::vector<std::string> folders;  // to make for the mount, outer ones first
    std::string mount;                 // where to mount; empty: nowhere
    std::vector<NodeSetup> nodes;

    [[nodiscard]] bool changes_nothing() const;
};

// Only grows, and only pages of the one size on the nodes that were asked for. Throws tools::Failure: usage
// where the request can't be met on this machine, else what is in the way.
[[nodiscard]] SetupPlan make_setup_plan(const SetupRequest& request, const SetupFacts& facts);

// "--size 32GiB --node 0:2,1:2 --page-size 2MiB --path DIR"
[[nodiscard]] std::string setup_arguments(const SetupRequest& request, ByteSize page_size,
                                          const std::string& where);

// What reserves all that is there and all that is missing as the machine starts.
[[nodiscard]] std::string boot_arguments(const SetupPlan& plan, const Machine& machine);

// The same files of 2 MiB pages, where the nodes have memory for them; else nothing.
[[nodiscard]] bool fits_in_small_pages(const SetupRequest& request, const Machine& machine);

// As somebody would type it.
[[nodiscard]] std::vector<std::string> commands_of(const SetupPlan& plan, const SetupRequest& request,
                                                   const std::string& sysfs = "/sys");

}  // namespace ctl
