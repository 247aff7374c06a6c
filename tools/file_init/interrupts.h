// Signals that ask the program to end, taken in at places of its own choosing so that it can clean up first.
#pragma once

#include "shim/core/fd.h"

#include <csignal>
#include <stdexcept>

namespace file_init {

class Interrupted : public std::runtime_error {
  public:
    explicit Interrupted(int signal) : std::runtime_error("interrupted"), signal_(signal) {}

    [[nodiscard]] int signal() const noexcept { return signal_; }

  private:
    int signal_;
};

// Blocks SIGINT, SIGTERM, SIGHUP and SIGQUIT from its construction on, but for those that are ignored (as
// SIGHUP is under nohup). Child processes inherit that: they are ended by their parent. Never unblocks.
class Interrupts {
  public:
    // Throws Failure.
    Interrupts();

    // Readable, for poll(2), when one of the signals has come.
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

    // Throws Interrupted if one of the signals has come.
    void check() const;

  private:
    hugepage::Fd fd_;
};

}  // namespace file_init
