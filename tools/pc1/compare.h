// What an operator would gain on this machine: labels as the real sealer makes them (upstream.h), on ordinary
// pages, on transparent huge pages, and with the shim, on the near and the farthest node, in turns.
//
// Knows the shim only by its command, hugepagectl: setup makes pools of this program's own, run has them
// serve the processes that label (stretch.h), remove takes them away. Whatever ends this program, what
// was made is on setup's record, and the next comparison takes it away.
#pragma once

#include "tools/pc1/commands.h"
#include "tools/pc1/upstream.h"

#include <cstdint>
#include <vector>

namespace pc1 {

struct CompareOptions {
    std::uint64_t sector_bytes = 0;  // asked about
    double minutes = 2;
    std::vector<Path> paths{};
    bool fragmented = false;  // free memory, for all but files
};
// The least sector that is measured.
inline constexpr std::uint64_t kLeastSector = std::uint64_t{16} << 20;

// The report of --json; pc1-label(1) names its keys. Throws tools::Interrupted, or std::exception with a
// message for the user.
[[nodiscard]] Json compare(const CompareOptions& options);

}  // namespace pc1
