#include "tests/support/guardian.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>

namespace tests {
namespace {

// A pipe whose ends are none of the standard streams, even where the test has closed one of those.
std::array<int, 2> make_pipe() {
    std::array<int, 2> low{};
    if (::pipe2(low.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("pipe2");
    }
    std::array<int, 2> ends{};
    for (std::size_t i = 0; i < ends.size(); ++i) {
        ends[i] = ::fcntl(low[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        ::close(low[i]);
    }
    return ends;
}

// A byte of what the guardian says, or -1 at the end.
int next_byte(int fd) {
    unsigned char byte = 0;
    ssize_t got = 0;
    while ((got = ::read(fd, &byte, 1)) < 0 && errno == EINTR) {
    }
    return got == 1 ? byte : -1;
}

}  // namespace

Guardian::Guardian(const std::vector<std::string>& steps) {
    const std::array<int, 2> in = make_pipe();
    const std::array<int, 2> out = make_pipe();
    std::vector<char*> command = {const_cast<char*>(GUARDIAN)};
    for (const std::string& word : steps) {
        command.push_back(const_cast<char*>(word.c_str()));
    }
    command.push_back(nullptr);
    // Whether or not the test's own process is preloaded with something.
    std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    const std::array<char*, 2> environment = {path.data(), nullptr};
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(in[0], STDIN_FILENO);
        ::dup2(out[1], STDOUT_FILENO);
        // It must not hold the lifelines of others.
        ::closefrom(STDERR_FILENO + 1);
        ::execve(GUARDIAN, command.data(), environment.data());
        ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    lifeline_ = in[1];
    answers_ = out[0];
    // It goes on in a process of its own.
    while (child > 0 && ::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    int byte = 0;
    while ((byte = next_byte(answers_)) >= 0 && byte != '\n') {
        problem_ += static_cast<char>(byte);
    }
    if (problem_.empty()) {
        problem_ = std::string("could not run ") + GUARDIAN;
    } else if (problem_ == "ok") {
        problem_.clear();
    }
}

Guardian::~Guardian() {
    ::close(lifeline_);
    while (next_byte(answers_) >= 0) {
    }
    ::close(answers_);
}

}  // namespace tests
