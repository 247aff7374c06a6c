// Running a command and waiting for its end, so that a shell or a service manager hardly sees the difference:
// signals are handed on, the terminal is the command's.
#pragma once

#include "tools/ctl/run/launch.h"

#include <functional>

namespace ctl {

// Signals that ask to end, and SIGUSR1 and 2, are blocked from here on and handed to the command; those that
// a terminal sends reach it anyway. The command has the signals' mask of before.
class Supervisor {
  public:
    Supervisor();

    // Runs it to its end; returns its status as waitpid(2) has it. `on_change` is called when `fd` is
    // readable. Throws tools::Failure if it can't be started.
    int run(const Launch& launch, int fd, const std::function<void()>& on_change) const;

  private:
    sigset_t before_{};
    sigset_t taken_{};
};

// Becomes the program; returns only by throwing tools::Failure.
[[noreturn]] void become(const Launch& launch);

// Ends this process as the status says the command did: returns its exit status, or dies of the same signal.
int end_like(int status);

}  // namespace ctl
