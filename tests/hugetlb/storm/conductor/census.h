// Who has which of the pool's files, as the kernel's tables say (tools/common/processes): each may have one
// owner.
#pragma once

#include "tools/common/processes.h"

#include <cstddef>
#include <set>
#include <string>

namespace storm {

struct Census {
    std::size_t files = 0;  // that are mapped by anybody; deleted ones too
    // A line each: files with two owners, files that are mapped without anybody's lock. A file has one owner
    // if all its mappings begin at the same address and are in processes of the same command line, which is
    // so for a process and those that it has forked off.
    std::string conflicts;
};

// Of files, while those who may have them are stopped. What has only just been stopped may
// pass a file on in the midst of it: only what doesn't go away is a conflict.
[[nodiscard]] Census census_of(const std::set<tools::FileId>& files);

}  // namespace storm
