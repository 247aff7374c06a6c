// What is to be done so that the files are there, decided from the request and the facts alone: no system
// call is made by make_plan.
#pragma once

#include "tools/common/mounts.h"
#include "tools/pool/files.h"
#include "tools/pool/pages.h"
#include "tools/pool/request.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pool {

// What is said to be mounted, by which setup's own mounts can be told from others.
inline constexpr const char* kMountSource = "hugepagectl";

// The folder for a node's files, and the closest one above it that exists.
struct NodeFacts {
    std::string folder;
    std::string existing;
    std::vector<std::string> missing;  // to be made, outermost first; empty if the folder is there
    hugepage::FileSystem file_system;  // of `existing`
    std::optional<tools::Mount> mount;
    std::optional<std::uint64_t> mount_pages;  // still free within the mount's own limits, if it has any
    std::optional<std::uint64_t> mount_files;
    // Of the files that are in the folder: owners and groups, and how many were not asked for.
    std::vector<std::pair<uid_t, gid_t>> owners;
    std::size_t others = 0;
    int write_error = 0;           // errno of creating something in `existing`, 0 if allowed
    std::vector<FileFacts> files;  // one for each file wanted, in order; empty if nothing is mounted

    [[nodiscard]] bool is_on_hugetlbfs() const {
        return file_system.kind == hugepage::FileSystem::Kind::hugetlbfs;
    }
};

struct Facts {
    Machine machine;
    std::vector<NodeFacts> nodes;  // one for each share
    bool place_is_empty = true;
};

// Reads this machine. Throws tools::Failure: also where root must not make anything on the way to the files
// (places.h).
[[nodiscard]] Facts look_at_machine(const Request& request);

// Of one node. All counts are pages.
struct NodePlan {
    NodeId node;
    std::string folder;
    std::vector<std::string> missing;  // folders to make for the files, outer ones first
    std::vector<std::string> create;   // paths
    std::vector<std::string> keep;
    std::size_t others = 0;
    std::vector<FileFacts>
        replace;  // of `create`: right, except for whom they belong to; removed first if nobody holds them
    std::uint64_t pages_per_file = 0;
    std::uint64_t available = 0;      // already there, free, promised to nobody
    std::uint64_t reserved = 0;       // already there, in use or not
    std::uint64_t missing_pages = 0;  // for all files
    std::size_t possible = 0;         // how many of `create` the node's memory could hold
    std::uint64_t grow = 0;           // for the possible files: what is to be reserved

    [[nodiscard]] std::uint64_t needed() const { return create.size() * pages_per_file; }
};

struct Plan {
    ByteSize size;
    ByteSize page_size;
    std::vector<std::string> folders;  // to make for the mount, outer ones first
    std::string mount;                 // where to mount; empty: nowhere
    std::vector<NodePlan> nodes;
    std::optional<std::pair<uid_t, gid_t>> owner;  // of most of the pool's files, if there are any

    [[nodiscard]] bool changes_nothing() const;
    [[nodiscard]] bool has_room() const;  // the nodes have memory for all files
};

enum class Purpose {
    set_up,       // mounts and reserves as needed, and replaces files of another owner
    create_only,  // whatever else is needed must be there
};
// Only grows, and only pages of the one size on the nodes that were asked for. Throws tools::Failure: usage
// where the request can't be met on this machine, else what blocks it and what to do; then nothing is to be
// done at all.
[[nodiscard]] Plan make_plan(const Request& request, const Facts& facts, Purpose purpose);

// "<folder>/32.0_GiB_0" and so on. A size that one decimal doesn't say exactly has its bytes in the name.
[[nodiscard]] std::vector<std::string> paths_of(ByteSize size, std::size_t count, const std::string& folder);

// Why a file that is there is not the one that would be created: by what it is made of; nothing if that is
// right.
[[nodiscard]] std::optional<std::string> what_is_wrong(const FileFacts& file, ByteSize size, NodeId node);
// The same, by owner, group and mode.
[[nodiscard]] std::optional<std::string> whose_it_is(const FileFacts& file, const Request& request);

// The same files of 2 MiB pages, where the nodes have memory for them; else nothing.
[[nodiscard]] bool fits_in_small_pages(const Request& request, const Machine& machine);

}  // namespace pool
