// One setup or remove at a time on a machine: an exclusive lock on a file that root alone can open. It ends
// with the process, however that ends.
#pragma once

#include "shim/base/fd.h"
#include "tools/common/interrupts.h"

#include <chrono>
#include <string>

namespace pool {

class RunLock {
  public:
    // Makes the folder and the file if need be. Waits at most that long for another process that holds the
    // lock, and names it once on stderr; then throws tools::Failure (busy). Also throws it (no permission),
    // or tools::Interrupted.
    RunLock(std::string folder, std::chrono::seconds patience, const tools::Interrupts& interrupts);
    // Removes the file, and the folder if nothing is in it.
    ~RunLock();
    RunLock(const RunLock&) = delete;
    RunLock& operator=(const RunLock&) = delete;

  private:
    std::string path_;
    hugepage::Fd folder_;
    hugepage::Fd fd_;
};

}  // namespace pool
