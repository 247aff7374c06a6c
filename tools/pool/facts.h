// What there is where a pool is to be: the machine, the folders on the way, and the files in them.
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

}  // namespace pool
