// How many threads fetch the pages, and on which CPUs.
#pragma once

#include "shim/base/ids.h"

#include <optional>

namespace file_init {

struct Crew {
    hugepage::CpuSet cpus;  // empty: any
    int threads = 1;
};

// The CPUs of the node that are also allowed; if there are none, the allowed ones. As many threads as wanted,
// or else one for each CPU up to kMostThreads.
[[nodiscard]] Crew choose_crew(const hugepage::CpuSet& of_node, const hugepage::CpuSet& allowed,
                               std::optional<int> wanted);

// The same for this machine and this process.
[[nodiscard]] Crew crew_for(hugepage::NodeId node, std::optional<int> wanted);

}  // namespace file_init
