// Signals that ask a program to end, taken in at places of its own choosing so that it can clean up first.
#pragma once

#include "tools/common/failure.h"
#include "tools/common/fd.h"

#include <array>
#include <csignal>

namespace tools {

// Blocks SIGINT, SIGTERM, SIGHUP and SIGQUIT while it lives, except those that are ignored (as SIGHUP is
// under nohup), in the constructing thread and in those that it starts later: make it before any thread is
// started. Child processes inherit that too: they are ended by their parent.
class Interrupts {
  public:
    // Throws std::system_error.
    Interrupts();
    ~Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;

    // Readable, for poll(2), when one of the signals has come.
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

    // While it lives, one of the signals ends a system call that hears of signals, as a write that reserves
    // huge pages; it has come then, as if it had been blocked. One at a time.
    class EndsCalls {
      public:
        explicit EndsCalls(const Interrupts& interrupts);
        ~EndsCalls();
        EndsCalls(const EndsCalls&) = delete;
        EndsCalls& operator=(const EndsCalls&) = delete;

      private:
        sigset_t blocked_{};
        std::array<struct sigaction, 4> before_{};
    };

    // Throws Interrupted if one of the signals has come. Costs one system call.
    void check() const;

  private:
    Fd fd_;
    sigset_t signals_{};
    sigset_t before_{};
};

}  // namespace tools
