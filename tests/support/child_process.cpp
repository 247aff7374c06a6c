#include "tests/support/child_process.h"

#include <poll.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace tests {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::minutes kPatienceForText{2};
constexpr std::chrono::minutes kPatienceForEnd{10};

struct Pipe {
    int read_end = -1;
    int write_end = -1;
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("pipe2");
    }
    return {ends[0], ends[1]};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (auto& text : texts) {
        result.push_back(text.data());
    }
    result.push_back(nullptr);
    return result;
}

std::string content_of(int fd) {
    std::string content;
    std::array<char, 4096> buffer;
    for (ssize_t got;
         (got = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(content.size()))) > 0;) {
        content.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return content;
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command, const Environment& environment) {
    std::vector<std::string> arguments = command;
    std::vector<std::string> variables = {"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"};
    for (const auto& [name, value] : environment) {
        variables.push_back(name + "=" + value);
    }
    const auto argv = pointers(arguments);
    const auto envp = pointers(variables);

    stderr_ = ::memfd_create("stderr", MFD_CLOEXEC);
    const Pipe in = make_pipe();
    const Pipe out = make_pipe();
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(in.read_end, STDIN_FILENO);
        ::dup2(out.write_end, STDOUT_FILENO);
        ::dup2(stderr_, STDERR_FILENO);
        ::execvpe(argv[0], argv.data(), envp.data());
        ::_exit(127);
    }
    if (pid_ < 0) {
        throw std::runtime_error("fork");
    }
    ::close(in.read_end);
    ::close(out.write_end);
    stdin_ = in.write_end;
    stdout_ = out.read_end;
}

ChildProcess::~ChildProcess() {
    if (pid_ > 0) {
        kill(SIGKILL);
        close_stdin();
        ::close(stdout_);  // which a child of its own may still have open
        ::close(stderr_);
        ::waitpid(pid_, nullptr, 0);
    }
}

bool ChildProcess::read_some(Clock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd readable{stdout_, POLLIN, 0};
    if (left <= 0 || ::poll(&readable, 1, static_cast<int>(left)) == 0) {
        return false;
    }
    std::array<char, 4096> buffer;
    const ssize_t got = ::read(stdout_, buffer.data(), buffer.size());
    if (got > 0) {
        out_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return got > 0;
}

bool ChildProcess::wait_for(const std::string& text) {
    const auto deadline = Clock::now() + kPatienceForText;
    while (out_.find(text) == std::string::npos) {
        if (!read_some(deadline)) {
            return false;
        }
    }
    return true;
}

bool ChildProcess::has_ended() const {
    siginfo_t end{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           end.si_pid != 0;
}

bool ChildProcess::wait_until_stopped() const {
    siginfo_t change{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &change, WSTOPPED | WEXITED | WNOWAIT) == 0 &&
           change.si_code == CLD_STOPPED;
}

std::vector<std::string> ChildProcess::mapped_files(const std::string& folder) const {
    std::ifstream maps("/proc/" + std::to_string(pid_) + "/numa_maps");
    std::vector<std::string> files;
    for (std::string line; std::getline(maps, line);) {
        if (const auto at = line.find("file=" + folder); at != std::string::npos) {
            files.push_back(line.substr(at));
        }
    }
    return files;
}

void ChildProcess::close_stdin() {
    if (stdin_ >= 0) {
        ::close(std::exchange(stdin_, -1));
    }
}

void ChildProcess::kill(int signal) const {
    if (pid_ > 0) {  // -1 would be every process
        ::kill(pid_, signal);
    }
}

Outcome ChildProcess::wait() {
    close_stdin();
    const auto deadline = Clock::now() + kPatienceForEnd;
    while (read_some(deadline)) {
    }
    const bool is_late = Clock::now() >= deadline;
    if (is_late) {
        kill(SIGKILL);
    }
    ::close(stdout_);
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    Outcome outcome;
    outcome.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    outcome.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    outcome.out = std::move(out_);
    outcome.err = content_of(stderr_) + (is_late ? "\nkilled by the test: it did not end\n" : "");
    ::close(stderr_);
    return outcome;
}

Outcome run(const std::vector<std::string>& command, const Environment& environment) {
    ChildProcess child(command, environment);
    return child.wait();
}

}  // namespace tests
