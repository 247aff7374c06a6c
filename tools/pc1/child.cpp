#include "tools/pc1/child.h"

#include <poll.h>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>

namespace pc1 {
namespace {

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

// Its status, as waitpid(2) has it, and the signal that came meanwhile.
std::pair<int, std::optional<int>> wait_for(pid_t child, const tools::Interrupts* interrupts) {
    constexpr int kLookEveryMs = 20;
    std::optional<int> signal;
    int status = 0;
    while (waitpid(child, &status, interrupts == nullptr ? 0 : WNOHANG) <= 0) {
        pollfd come{interrupts == nullptr ? -1 : interrupts->fd(), POLLIN, 0};
        if (poll(&come, 1, kLookEveryMs) <= 0) {
            continue;
        }
        try {
            interrupts->check();
        } catch (const tools::Interrupted& interrupted) {
            signal = interrupted.signal();
            kill(-child, SIGTERM);
        }
    }
    return {status, signal};
}

std::string content_of(const tools::Fd& file) {
    std::string text(static_cast<std::size_t>(lseek(file.get(), 0, SEEK_END)), '\0');
    text.resize(static_cast<std::size_t>(pread(file.get(), text.data(), text.size(), 0)));
    return text;
}

}  // namespace

Ended run_child(const std::vector<std::string>& command, const tools::Interrupts* interrupts,
                const std::function<void()>& prepare) {
    constexpr int kSignalBase = 128;
    const tools::Fd output(memfd_create("output", MFD_CLOEXEC));
    const tools::Fd errors(memfd_create("errors", MFD_CLOEXEC));
    const pid_t child = output.get() >= 0 && errors.get() >= 0 ? fork() : -1;
    if (child < 0) {
        throw std::system_error(errno, std::generic_category(), "start " + command.front());
    }
    if (child == 0) {
        execute(command, prepare, output.get(), errors.get());
    }
    setpgid(child, child);
    const auto [status, signal] = wait_for(child, interrupts);
    if (signal) {
        throw tools::Interrupted(*signal);
    }
    return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status),
            .output = content_of(output),
            .errors = content_of(errors)};
}

}  // namespace pc1
