#include "tools/ctl/run/supervise.h"

#include "tools/common/failure.h"
#include "tools/common/fd.h"
#include "tools/ctl/base/output.h"

#include <poll.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

namespace ctl {
namespace {

constexpr int kSignalBase = 128;

// Returns errno.
int execute(const Launch& launch) {
    std::vector<char*> arguments;
    for (const std::string& word : launch.command) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    const std::vector<char*> variables = launch.environment.list();
    ::execve(launch.program.c_str(), arguments.data(), variables.data());
    return errno;
}

// What the kernel itself sends (a terminal's keys, its end) goes to the whole group, the command in it.
bool came_from_terminal(const signalfd_siginfo& signal) {
    return signal.ssi_code == SI_KERNEL;
}

}  // namespace

Supervisor::Supervisor() {
    sigemptyset(&taken_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD}) {
        sigaddset(&taken_, signal);
    }
    if (::sigprocmask(SIG_BLOCK, &taken_, &before_) != 0) {
        throw std::system_error(errno, std::generic_category(), "block signals");
    }
}

int Supervisor::run(const Launch& launch, int fd, const std::function<void()>& on_change) const {
    const tools::Fd signals(::signalfd(-1, &taken_, SFD_CLOEXEC | SFD_NONBLOCK));
    std::array<int, 2> ends{};  // says why exec failed; closed by one that didn't
    if (signals.get() < 0 || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw tools::system_failure("prepare to start " + printable(launch.program), errno);
    }
    const tools::Fd reading(ends[0]);
    tools::Fd writing(ends[1]);
    const pid_t pid = ::fork();
    if (pid < 0) {
        throw tools::system_failure("start " + printable(launch.program), errno);
    }
    if (pid == 0) {
        ::sigprocmask(SIG_SETMASK, &before_, nullptr);
        const int error = execute(launch);
        static_cast<void>(::write(writing.get(), &error, sizeof error) < 0);
        ::_exit(1);
    }
    writing = tools::Fd();
    int error = 0;
    const bool has_failed = ::read(reading.get(), &error, sizeof error) == static_cast<ssize_t>(sizeof error);
    for (;;) {
        int status = 0;
        if (::waitpid(pid, &status, WNOHANG) == pid) {
            if (has_failed) {
                throw tools::system_failure("run " + printable(launch.program), error);
            }
            on_change();
            return status;
        }
        std::array<pollfd, 2> ready = {{{signals.get(), POLLIN, 0}, {fd, POLLIN, 0}}};
        ::poll(ready.data(), ready.size(), -1);
        if ((ready[1].revents & POLLIN) != 0) {
            on_change();
        }
        signalfd_siginfo signal{};
        while (::read(signals.get(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
            const auto number = static_cast<int>(signal.ssi_signo);
            if (number != SIGCHLD && !came_from_terminal(signal)) {
                ::kill(pid, number);
            }
        }
    }
}

void become(const Launch& launch) {
    throw tools::system_failure("run " + printable(launch.program), execute(launch));
}

int end_like(int status) {
    if (WIFEXITED(status)) {
        return WEXITSTATUS(status);
    }
    const int signal = WTERMSIG(status);
    const rlimit no_core{};  // the command's own is enough
    ::setrlimit(RLIMIT_CORE, &no_core);
    std::signal(signal, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    ::raise(signal);
    ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
    return kSignalBase + signal;
}

}  // namespace ctl
