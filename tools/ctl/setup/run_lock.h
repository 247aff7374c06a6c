// One setup or remove at a time on a machine: an exclusive lock on the run directory, which ends with the
// process, however it ends.
#pragma once

#include "shim/base/fd.h"
#include "tools/common/interrupts.h"

#include <chrono>
#include <string>

namespace ctl {

class RunLock {
  public:
    // Makes the folder if need be. Waits at most that long for another who holds the lock, and says once, on
    // stderr, for whom; then throws tools::Failure (busy). Also throws it (no permission), or
    // tools::Interrupted.
    RunLock(std::string folder, std::chrono::seconds patience, const tools::Interrupts& interrupts,
            const std::string& proc = "/proc");
    // Removes the folder if nothing is in it, and lets go.
    ~RunLock();
    RunLock(const RunLock&) = delete;
    RunLock& operator=(const RunLock&) = delete;

  private:
    std::string folder_;
    hugepage::Fd fd_;
};

}  // namespace ctl
