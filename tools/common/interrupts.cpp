#include "tools/common/interrupts.h"

#include <poll.h>

#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

namespace tools {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

// What a handler may touch.
std::atomic<int> last_signal{0};
std::atomic<int> told_fd{-1};

void note(int signal) {
    const int error = errno;
    const std::uint64_t one = 1;
    last_signal = signal;
    static_cast<void>(::write(told_fd, &one, sizeof one) > 0);
    errno = error;
}

}  // namespace

Interrupts::Interrupts() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), outer_fd_(told_fd) {
    if (fd_ < 0) {
        throw std::system_error(errno, std::generic_category(), "wait for signals (eventfd)");
    }
    told_fd = fd_;
    sigset_t awaited;
    sigemptyset(&awaited);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
        sigaddset(&awaited, kSignals[i]);
        struct sigaction action {};
        action.sa_handler = note;
        action.sa_flags = SA_RESTART;
        ::sigaction(kSignals[i], nullptr, &before_[i]);
        if (before_[i].sa_handler != SIG_IGN) {
            ::sigaction(kSignals[i], &action, nullptr);
        }
    }
    // Whoever has started the program may have left them blocked.
    ::pthread_sigmask(SIG_UNBLOCK, &awaited, &mask_before_);
}

Interrupts::~Interrupts() {
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
        ::sigaction(kSignals[i], &before_[i], nullptr);
    }
    told_fd = outer_fd_;
    ::close(fd_);
}

void Interrupts::check() const {
    std::uint64_t signals = 0;
    if (::read(fd_, &signals, sizeof signals) == static_cast<ssize_t>(sizeof signals)) {
        throw Interrupted(last_signal);
    }
}

void Interrupts::wait(std::chrono::milliseconds most) const {
    pollfd one{fd_, POLLIN, 0};
    ::poll(&one, 1, static_cast<int>(most.count()));
    check();
}

}  // namespace tools
