#include "tools/pc1/child.h"

#include <poll.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

namespace pc1 {
namespace {

constexpr int kSignalBase = 128;

[[noreturn]] void fail(const char* tried) {
    throw std::system_error(errno, std::generic_category(), tried);
}

[[noreturn]] void execute(const std::vector<std::string>& command, const std::function<void()>& prepare,
                          int output, int errors) {
    constexpr int kNotFound = 127;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    dup2(output, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    prepare();
    std::vector<char*> words;
    for (const std::string& word : command) {
        words.push_back(const_cast<char*>(word.c_str()));
    }
    words.push_back(nullptr);
    execv(words.front(), words.data());
    _exit(kNotFound);
}

// Until all ends for writing are closed. The signal that came meanwhile.
std::optional<int> read_both(Ended& ended, int output, int errors, const tools::Interrupts* interrupts,
                             pid_t child) {
    std::optional<int> signal;
    std::array<pollfd, 3> fds{pollfd{output, POLLIN, 0}, pollfd{errors, POLLIN, 0},
                              pollfd{interrupts != nullptr ? interrupts->fd() : -1, POLLIN, 0}};
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (poll(fds.data(), fds.size(), -1) < 0) {
            continue;
        }
        if (fds[2].revents != 0) {
            try {
                interrupts->check();
            } catch (const tools::Interrupted& interrupted) {
                signal = interrupted.signal();
                kill(-child, SIGTERM);
                fds[2].fd = -1;
            }
        }
        for (std::size_t i = 0; i < 2; ++i) {
            std::array<char, 4096> part{};
            if (fds[i].fd < 0 || fds[i].revents == 0) {
                continue;
            }
            const ssize_t got = read(fds[i].fd, part.data(), part.size());
            if (got > 0) {
                (i == 0 ? ended.output : ended.errors).append(part.data(), static_cast<std::size_t>(got));
            } else {
                fds[i].fd = -1;
            }
        }
    }
    return signal;
}

}  // namespace

Ended run_child(const std::vector<std::string>& command, const tools::Interrupts* interrupts,
                const std::function<void()>& prepare) {
    std::array<int, 2> output{};
    std::array<int, 2> errors{};
    if (pipe2(output.data(), O_CLOEXEC) != 0 || pipe2(errors.data(), O_CLOEXEC) != 0) {
        fail("make a pipe");
    }
    const tools::Fd output_end(output[0]);
    const tools::Fd errors_end(errors[0]);
    const pid_t child = fork();
    if (child == 0) {
        execute(command, prepare, output[1], errors[1]);
    }
    close(output[1]);
    close(errors[1]);
    if (child < 0) {
        fail("start a process");
    }
    setpgid(child, child);
    Ended ended;
    const auto signal = read_both(ended, output_end.get(), errors_end.get(), interrupts, child);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status);
    if (signal) {
        throw tools::Interrupted(*signal);
    }
    return ended;
}

}  // namespace pc1
