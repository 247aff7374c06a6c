// Who has which of the pool's files, as the kernel says: each may have one owner.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace storm {

struct Census {
    std::size_t files = 0;  // that are mapped by anybody; deleted ones too
    // Those with two owners, a line each. A file has one if all its mappings begin at the same address and
    // are in processes of the same command line, which is so for a process and those that it has forked off.
    std::string conflicts;
};

// Of stopped processes, and the pool that is mounted there. What has only just been stopped may pass a file
// on in the midst of it: only what doesn't go away is a conflict.
[[nodiscard]] Census census_of(const std::vector<pid_t>& processes, const std::filesystem::path& mount);

}  // namespace storm
