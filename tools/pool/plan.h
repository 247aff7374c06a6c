// What there is where a pool is to be: the machine, the folders on the way, and the files in them. What is to
// be done so that the files are there, decided from the request and these facts alone. And what came of it.
#pragma once

#include "tools/pool/files.h"
#include "tools/pool/machine.h"
#include "tools/pool/request.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pool {

// The folder for a node's files, and the closest one above it that exists.
struct NodeFacts {
    std::string folder;
    std::string existing;
    std::vector<std::string> missing;  // to be made, outermost first; empty if the folder is there
    hugepage::FileSystem file_system;  // of `existing`
    std::optional<tools::Mount> mount;
    std::optional<std::uint64_t> mount_pages;  // still free within the mount's own limits, if it has any
    std::optional<std::uint64_t> mount_files;
    int write_error = 0;  // errno of creating something in `existing`, 0 if allowed

    [[nodiscard]] bool is_on_hugetlbfs() const {
        return file_system.kind == hugepage::FileSystem::Kind::hugetlbfs;
    }
};

struct Facts {
    Machine machine;
    std::vector<NodeFacts> nodes;   // one for each share
    std::vector<MemoryFile> files;  // what is in these folders, if they are on hugetlbfs
    bool place_is_empty = true;
};

// Reads this machine. Every page is looked at of the files that have a name and size that the request asks
// for. Throws tools::Failure: also where root must not make anything on the way to the files (places.h).
[[nodiscard]] Facts look_at_machine(const Request& request);
// Where the way to the files isn't known, or is of no matter.
[[nodiscard]] Facts without_files(const Request& request, const Machine& machine);

// What is said to be mounted, by which setup's own mounts can be told from others.
inline constexpr const char* kMountSource = "hugepagectl";

// Of one node. All counts are pages.
struct NodePlan {
    NodeId node;
    std::vector<std::string> missing;  // folders to make for the files, outer ones first
    std::vector<std::string> create;   // paths
    std::vector<std::string> keep;
    // Of `create`: there and wrong; removed first if nobody holds them.
    std::vector<MemoryFile> replace;
    std::size_t others = 0;  // files besides, of other sizes or numbers
    std::uint64_t pages_per_file = 0;
    std::uint64_t available = 0;      // already there, free, promised to nobody
    std::uint64_t reserved = 0;       // already there, in use or not
    std::uint64_t missing_pages = 0;  // for all files
    std::size_t possible = 0;         // how many of `create` the node's memory could hold
    std::uint64_t grow = 0;           // for the possible files: what is to be reserved

    // After set_up().
    std::vector<std::string> created;  // paths
    std::uint64_t got = 0;
    std::uint64_t given_back = 0;  // of these, as they made no whole file
    bool has_compacted = false;

    [[nodiscard]] std::size_t wanted() const { return create.size() + keep.size(); }
    [[nodiscard]] std::uint64_t needed() const { return create.size() * pages_per_file; }
    [[nodiscard]] bool has_room() const { return possible == create.size(); }
    [[nodiscard]] bool is_complete() const { return created.size() == create.size(); }
};

struct Plan {
    Request request;
    ByteSize page_size;
    std::optional<uid_t> owner;  // of new files: who was asked for, else whom the pool's files belong to
    std::optional<gid_t> group;
    std::vector<std::string> folders;  // to make for the mount, outer ones first
    std::string mount;                 // where to mount; empty: nowhere
    std::vector<NodePlan> nodes;

    // After set_up().
    bool has_dropped_caches = false;
    bool is_undone = false;  // no file could be made, so nothing else was left either

    [[nodiscard]] bool changes_nothing() const;
    [[nodiscard]] bool has_room() const;  // the nodes have memory for all files
    [[nodiscard]] bool is_complete() const;
};

enum class Purpose {
    set_up,       // mounts and reserves as needed, and replaces files that are wrong
    create_only,  // whatever else is needed must be there
    show,         // only counts: what can't be replaced is as if it weren't there
};
// Only grows, and only pages of the one size on the nodes that were asked for. Throws tools::Failure: usage
// where the request can't be met on this machine, else what blocks it and what to do; then nothing is to be
// done at all.
[[nodiscard]] Plan make_plan(const Request& request, const Facts& facts, Purpose purpose);

// "hugepagesz=1G hugepages=0:192,1:192": reserves all pages that are there and all that are missing as the
// machine starts, when there still are any of 1 GiB. Kernels before 5.16 don't know nodes by number: with
// several nodes they deal out evenly.
[[nodiscard]] std::string kernel_command_line(const Plan& plan, const Machine& machine);

}  // namespace pool
