#include "tools/common/child.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

namespace tools {
namespace {

// A file in memory: a pipe would be held open by whatever the program leaves behind.
class Captured {
  public:
    Captured() : fd_(::memfd_create("output", MFD_CLOEXEC)) {}
    ~Captured() { ::close(fd_); }
    Captured(const Captured&) = delete;
    Captured& operator=(const Captured&) = delete;

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] std::string text() const {
        std::ifstream file("/proc/self/fd/" + std::to_string(fd_), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

  private:
    int fd_;
};

// In the child, where all signals are blocked: from now on they do what they would without a handler.
void reset_signals() {
    for (int signal = 1; signal < NSIG; ++signal) {
        struct sigaction action {};
        if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
            std::signal(signal, SIG_DFL);
        }
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void execute(const std::vector<std::string>& command, const std::function<void()>& prepare,
                          pid_t parent) {
    constexpr int kNotFound = 127;
    reset_signals();
    prepare();
    // The parent's death signal is forgotten where rights change, so it is set after that.
    if (::prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && ::getppid() == parent) {
        ::execv(command.front().c_str(), as_list(command).data());
    }
    ::dprintf(STDERR_FILENO, "%s can't be started: %s\n", command.front().c_str(), std::strerror(errno));
    ::_exit(kNotFound);
}

}  // namespace

std::vector<char*> as_list(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (const std::string& word : words) {
        pointers.push_back(const_cast<char*>(word.c_str()));
    }
    pointers.push_back(nullptr);
    return pointers;
}

Ended run_child(const std::vector<std::string>& command, const Interrupts* interrupts,
                const std::function<void()>& prepare, std::chrono::seconds most) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds kLookEvery{50};
    constexpr int kSignalBase = 128;
    const Captured output;
    const Captured errors;
    std::signal(SIGCHLD, SIG_DFL);  // where it was ignored, the kernel would tell nobody how a child ended
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, &before);
    const pid_t parent = ::getpid();
    const pid_t child = output.fd() >= 0 && errors.fd() >= 0 ? ::fork() : -1;
    const int error = errno;
    if (child == 0) {
        ::setpgid(0, 0);
        ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
        ::dup2(output.fd(), STDOUT_FILENO);
        ::dup2(errors.fd(), STDERR_FILENO);
        execute(command, prepare, parent);
    }
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (child < 0) {
        throw std::system_error(error, std::generic_category(), "start " + command.front());
    }
    ::setpgid(child, child);
    const auto deadline = Clock::now() + most;
    std::optional<Interrupted> interrupted;
    bool is_late = false;
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
        if (most.count() > 0 && Clock::now() >= deadline) {
            is_late = true;
            ::kill(-child, SIGKILL);
        }
        try {
            if (interrupts != nullptr && !interrupted) {
                interrupts->wait(kLookEvery);
            } else {
                std::this_thread::sleep_for(kLookEvery);
            }
        } catch (const Interrupted& signal) {
            interrupted = signal;
            ::kill(-child, SIGTERM);
        }
    }
    if (interrupted) {
        throw Interrupted(*interrupted);
    }
    return {WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status), output.text(),
            errors.text(), is_late};
}

}  // namespace tools
