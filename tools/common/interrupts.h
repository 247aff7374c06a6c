// Signals that ask a program to end, taken in at places of its own choosing so that it can clean up first.
#pragma once

#include "tools/common/fd.h"

#include <csignal>
#include <stdexcept>

namespace tools {

class Interrupted : public std::runtime_error {
  public:
    explicit Interrupted(int signal) : std::runtime_error("interrupted"), signal_(signal) {}

    [[nodiscard]] int signal() const noexcept { return signal_; }

  private:
    int signal_;
};

// Blocks SIGINT, SIGTERM, SIGHUP and SIGQUIT from its construction on, but for those that are ignored (as
// SIGHUP is under nohup), in the constructing thread and in those that it starts later: make it before any
// thread is started. Child processes inherit that too: they are ended by their parent. Never unblocks.
class Interrupts {
  public:
    // Throws std::system_error.
    Interrupts();

    // Readable, for poll(2), when one of the signals has come.
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

    // Throws Interrupted if one of the signals has come. Costs one system call.
    void check() const;

  private:
    Fd fd_;
};

}  // namespace tools
