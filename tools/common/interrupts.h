// Signals that ask a program to end, taken in at places of its own choosing so that it can clean up first.
#pragma once

#include "tools/common/failure.h"

#include <array>
#include <chrono>
#include <csignal>

namespace tools {

// While it lives, SIGINT, SIGTERM, SIGHUP and SIGQUIT are noted instead of ending the process, also if
// whoever has started it left them blocked, except those that are ignored (as SIGHUP is under nohup). They
// end a system call that hears of signals, as a write that allocates huge pages. One may live inside
// another's life, on one thread: it is the one that is told then.
class Interrupts {
  public:
    // Throws std::system_error.
    Interrupts();
    ~Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;

    // Throws Interrupted if one of the signals has come. Costs one system call.
    void check() const;
    // The same, when one has come or that much time has passed.
    void wait(std::chrono::milliseconds most) const;

  private:
    int fd_;
    int outer_fd_;
    std::array<struct sigaction, 4> before_{};
    sigset_t mask_before_{};
};

}  // namespace tools
