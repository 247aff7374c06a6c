// Signals by way of signalfd(2).
#include "tools/common/interrupts.h"

#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

#include <cerrno>

namespace tools {

Interrupts::Interrupts() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
        struct sigaction action {};
        if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
            sigaddset(&signals, signal);
        }
    }
    if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) {
        throw std::system_error(errno, std::generic_category(), "block signals");
    }
    fd_ = Fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (fd_.get() < 0) {
        throw std::system_error(errno, std::generic_category(), "wait for signals (signalfd)");
    }
}

void Interrupts::check() const {
    signalfd_siginfo signal{};
    if (::read(fd_.get(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
        throw Interrupted(static_cast<int>(signal.ssi_signo));
    }
}

}  // namespace tools
