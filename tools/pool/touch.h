// Filling files with pages of one node: mappings of them are bound to the node, and several threads touch
// every page.
//
// A touch that finds the node dry is a SIGBUS in the thread that touches, which jumps out of it.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/ids.h"
#include "tools/common/interrupts.h"

#include <optional>
#include <vector>

namespace pool {

inline constexpr int kMostThreads = 16;

// The CPUs of the node that are also allowed; if there are none, the allowed ones. As many threads as wanted,
// or else one for each CPU up to kMostThreads.
struct Crew {
    hugepage::CpuSet cpus;  // empty: any
    int threads = 1;
};
[[nodiscard]] Crew choose_crew(const hugepage::CpuSet& of_node, const hugepage::CpuSet& allowed,
                               std::optional<int> wanted);

struct TouchJob {
    std::vector<int> files;        // open for reading and writing
    hugepage::ByteSize file_size;  // of each, whole pages
    hugepage::ByteSize page_size;
    hugepage::NodeId node;
    std::optional<int> threads;
};
// On return every page of every file is there and on the node. Shows its progress on stderr if that is a
// terminal. Throws tools::Failure or tools::Interrupted; what has been filled stays in the files. The
// process's handler of SIGBUS is another meanwhile.
void touch_into_place(const TouchJob& job, const tools::Interrupts& interrupts);

}  // namespace pool
