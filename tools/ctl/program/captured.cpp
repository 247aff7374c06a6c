#include "tools/ctl/program/captured.h"

#include "tools/common/failure.h"
#include "tools/common/fd.h"

#include <poll.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace ctl {
namespace {

constexpr std::size_t kMostText = std::size_t{1} << 20;

// What a program that could not be started ends with.
constexpr int kNotStarted = 127;

void read_to_end(int fd, std::chrono::steady_clock::time_point deadline, Captured& result) {
    std::array<char, 4096> buffer{};
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd ready{fd, POLLIN, 0};
        const int count = left.count() > 0 ? ::poll(&ready, 1, static_cast<int>(left.count())) : 0;
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            result.timed_out = true;
            return;
        }
        const ssize_t length = ::read(fd, buffer.data(), buffer.size());
        if (length <= 0) {
            return;
        }
        const auto room = kMostText - result.text.size();
        result.text.append(buffer.data(), std::min(static_cast<std::size_t>(length), room));
    }
}

[[noreturn]] void become(const std::vector<char*>& arguments, const std::vector<char*>& variables, int out,
                         pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        ::_exit(kNotStarted);
    }
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execve(arguments.front(), arguments.data(), variables.data());
    ::_exit(kNotStarted);
}

}  // namespace

Captured capture(const std::vector<std::string>& command, const Environment& environment,
                 std::chrono::seconds patience) {
    std::vector<char*> arguments;
    for (const std::string& word : command) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    const std::vector<char*> variables = environment.list();
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw tools::system_failure("make a pipe", errno);
    }
    const tools::Fd reading(ends[0]);
    tools::Fd writing(ends[1]);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        throw tools::system_failure("start " + command.front(), errno);
    }
    if (pid == 0) {
        become(arguments, variables, writing.get(), parent);
    }
    writing = tools::Fd();
    Captured result;
    read_to_end(reading.get(), std::chrono::steady_clock::now() + patience, result);
    if (result.timed_out) {
        ::kill(pid, SIGKILL);
    }
    while (::waitpid(pid, &result.status, 0) < 0 && errno == EINTR) {
    }
    return result;
}

}  // namespace ctl
