// Signals by way of signalfd(2).
#include "tools/common/interrupts.h"

#include <ucontext.h>

#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

#include <cerrno>

namespace tools {

namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

// Lets the signal come again, and wait from now on.
void put_back(int signal, siginfo_t* /*facts*/, void* context) {
    sigaddset(&static_cast<ucontext_t*>(context)->uc_sigmask, signal);
    ::raise(signal);
}

}  // namespace

Interrupts::Interrupts() {
    sigset_t& signals = signals_;
    sigemptyset(&signals);
    for (const int signal : kSignals) {
        struct sigaction action {};
        if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
            sigaddset(&signals, signal);
        }
    }
    if (::sigprocmask(SIG_BLOCK, &signals, &before_) != 0) {
        throw std::system_error(errno, std::generic_category(), "block signals");
    }
    fd_ = Fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (fd_.get() < 0) {
        throw std::system_error(errno, std::generic_category(), "wait for signals (signalfd)");
    }
}

Interrupts::~Interrupts() {
    // What has come and wasn't asked for must not end the process now.
    for (signalfd_siginfo signal{}; ::read(fd_.get(), &signal, sizeof signal) > 0;) {
    }
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

Interrupts::EndsCalls::EndsCalls(const Interrupts& interrupts) : blocked_(interrupts.signals_) {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
        struct sigaction action {};
        action.sa_sigaction = put_back;
        action.sa_flags = SA_SIGINFO;
        sigfillset(&action.sa_mask);
        ::sigaction(kSignals[i], sigismember(&blocked_, kSignals[i]) == 1 ? &action : nullptr, &before_[i]);
    }
    ::sigprocmask(SIG_UNBLOCK, &blocked_, nullptr);
}

Interrupts::EndsCalls::~EndsCalls() {
    ::sigprocmask(SIG_BLOCK, &blocked_, nullptr);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
        ::sigaction(kSignals[i], &before_[i], nullptr);
    }
}

void Interrupts::check() const {
    signalfd_siginfo signal{};
    if (::read(fd_.get(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
        throw Interrupted(static_cast<int>(signal.ssi_signo));
    }
}

}  // namespace tools
