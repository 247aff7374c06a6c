// How a tool says that it could not do what was asked, and with which exit status.
#pragma once

#include <fmt/core.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <utility>

namespace tools {

enum class ExitCode {
    done = 0,
    failed = 1,
    usage = 2,          // the command line makes no sense, or not on this machine
    partial = 3,        // done in part
    check_failed = 4,   // what was looked at is not as it should be
    no_permission = 5,  // it would work as another user
    busy = 6,           // somebody uses what was to go
    // Of a program that becomes another, as env(1) has them: what is less is the other one's.
    own_failure = 125,
    cannot_execute = 126,
    not_found = 127,
};

// what() is one line for the user: what was tried, on what, why it failed, what to do.
class Failure : public std::runtime_error {
  public:
    Failure(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

    [[nodiscard]] ExitCode code() const noexcept { return code_; }

  private:
    ExitCode code_;
};

// Throws Failure for what could not be done.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> message, Args&&... args) {
    throw Failure(ExitCode::failed, fmt::format(message, std::forward<Args>(args)...));
}

// Throws Failure for a command line that makes no sense.
[[noreturn]] inline void refuse(const std::string& message) {
    throw Failure(ExitCode::usage, message);
}
template <class First, class... Args>
[[noreturn]] void refuse(fmt::format_string<First, Args...> message, First&& first, Args&&... args) {
    refuse(fmt::format(message, std::forward<First>(first), std::forward<Args>(args)...));
}

// A signal asked the program to end (interrupts.h).
class Interrupted : public std::runtime_error {
  public:
    explicit Interrupted(int signal) : std::runtime_error("interrupted"), signal_(signal) {}

    [[nodiscard]] int signal() const noexcept { return signal_; }

  private:
    int signal_;
};

// The status for a system call that ended in this errno.
[[nodiscard]] constexpr ExitCode exit_code_of(int error) noexcept {
    const bool permission = error == EACCES || error == EPERM || error == EROFS;
    return permission ? ExitCode::no_permission : ExitCode::failed;
}

// "open /mnt/huge: Permission denied", followed by the advice if there is any.
[[nodiscard]] Failure system_failure(const std::string& tried, int error, const std::string& advice = {});

}  // namespace tools
