// The child process's part: maps the files, binds the mappings to the node, touches every page by several
// threads, and asks the kernel where each page is.
//
// A touch that finds the node dry is a SIGBUS and the end of the process; that is why it is a process of its
// own.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/ids.h"
#include "shim/request/placement.h"

#include <vector>

namespace file_init {

inline constexpr int kMostThreads = 16;

struct TouchJob {
    std::vector<int> files;        // open for reading and writing
    hugepage::ByteSize file_size;  // of each, whole pages
    hugepage::ByteSize page_size;
    hugepage::NodeId node;
    hugepage::CpuSet cpus;  // for the threads; if empty, any
    int threads = 1;
};

// What came of it; goes through a pipe as it is. A process that dies has no report.
struct TouchReport {
    enum class Step { map, bind, start_threads, ask_placement, complete };
    Step step = Step::complete;  // the one that failed, or complete
    int error = 0;               // its errno
    hugepage::Placement placement;
};

// Of all files' pages `placement.checked` were asked about. Never throws.
[[nodiscard]] TouchReport touch(const TouchJob& job) noexcept;

}  // namespace file_init
