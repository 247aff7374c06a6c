#include "tools/file_init/interrupts.h"

#include "tools/file_init/failure.h"

#include <sys/signalfd.h>
#include <unistd.h>

namespace file_init {

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
        throw system_failure("block signals", errno);
    }
    fd_ = hugepage::Fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (fd_.get() < 0) {
        throw system_failure("wait for signals (signalfd)", errno);
    }
}

void Interrupts::check() const {
    signalfd_siginfo signal{};
    if (::read(fd_.get(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
        throw Interrupted(static_cast<int>(signal.ssi_signo));
    }
}

}  // namespace file_init
