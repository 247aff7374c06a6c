// Which processes hold which files, by the kernel's own tables: /proc/locks says who took a lock, and
// /proc/PID/maps who has the file mapped. Neither is enough: a lease goes on in a child that inherited the
// mapping when the process that took the lock is gone, and a program may lock a file that it hasn't mapped.
//
// Reads only, and takes no lock: to ask by flock would disturb a lease. Allocates nothing.
#pragma once

#include "shim/base/function_ref.h"
#include "shim/base/result.h"
#include "shim/base/text.h"
#include "tools/common/kernel_tables.h"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace hugepage {

struct Holder {
    pid_t pid = 0;
    bool has_mapped = false;
    // Where the file's first byte is mapped, or would be if that part of the file were; 0 if the file isn't
    // mapped. If there are several such places, the lowest.
    std::uintptr_t mapped_at = 0;
    bool has_mapped_elsewhere = false;  // there are several
    // It took the file's flock, by the number in the kernel's table: which may be of a process that is gone,
    // and by now another's.
    bool has_locked = false;
    FixedString<16> command;  // as in /proc/PID/comm, any bytes; empty if there is no such process any more
    std::int64_t running_since = 0;  // Unix time, seconds, of the process; 0 if that can't be known
};

// What couldn't be seen.
struct Unseen {
    std::size_t processes = 0;  // whose maps the caller may not read; root may read all
};

// How many files can be asked about at once.
inline constexpr std::size_t kMostFilesHeld = 8192;

// Calls for each of the files that is held and each process that holds it, once; `file` is the index. The
// files must be in ascending order; those past the first kMostFilesHeld are not looked for. Processes come
// and go meanwhile: who began to hold, or ended, while this ran, may be missing or named. Holders in other
// containers that this one can't see are missing too. Fails if `proc` can't be read.
[[nodiscard]] Result<Unseen> for_each_holder(std::span<const FileId> files,
                                             FunctionRef<void(std::size_t file, const Holder& holder)> visit,
                                             const char* proc = "/proc") noexcept;

}  // namespace hugepage
