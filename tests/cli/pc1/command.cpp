// Starting the child, reading both of its outputs until they end.
#include "command.h"

#include <grp.h>
#include <poll.h>
#include <pty.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace pc1 {
namespace {

constexpr uid_t kNobody = 65534;
constexpr int kCouldNotStart = 126;

class Fd {
  public:
    explicit Fd(int fd) : fd_(fd) {
        if (fd < 0) {
            throw std::runtime_error("no file descriptor");
        }
    }
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&&) = delete;
    ~Fd() { reset(); }
    int get() const { return fd_; }
    void reset() {
        if (fd_ >= 0) {
            close(std::exchange(fd_, -1));
        }
    }

  private:
    int fd_;
};

struct Channel {
    Fd reader;
    Fd writer;
};

Channel open_pipe() {
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("pipe2 failed");
    }
    return {Fd(ends[0]), Fd(ends[1])};
}

Channel open_terminal() {
    int main_end = -1;
    int program_end = -1;
    winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
    if (openpty(&main_end, &program_end, nullptr, nullptr, &size) != 0) {
        throw std::runtime_error("openpty failed");
    }
    fcntl(main_end, F_SETFD, FD_CLOEXEC);
    fcntl(program_end, F_SETFD, FD_CLOEXEC);
    return {Fd(main_end), Fd(program_end)};
}

// In the child. Root may lock any amount, so it has to become somebody else.
bool limit_lockable_memory(rlim_t bytes) {
    const rlimit limit{bytes, bytes};
    return setrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
           (getuid() != 0 || (setgroups(0, nullptr) == 0 && setgid(kNobody) == 0 && setuid(kNobody) == 0));
}

// In the child. The program is started by its descriptor, as the other user may not see the folder it lies
// in.
[[noreturn]] void become_program(const Fd& program, const Channel& out, const Channel& err,
                                 const std::vector<std::string>& arguments,
                                 const Surroundings& surroundings) {
    std::string name = "pc1-label";
    std::vector<char*> argv{name.data()};
    std::vector<std::string> copies = arguments;
    for (std::string& argument : copies) {
        argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    setenv("TERM", "xterm", 1);
    dup2(out.writer.get(), STDOUT_FILENO);
    dup2(err.writer.get(), STDERR_FILENO);
    if (!surroundings.lockable_memory || limit_lockable_memory(*surroundings.lockable_memory)) {
        fexecve(program.get(), argv.data(), environ);
    }
    _exit(kCouldNotStart);
}

// Appends what is there; false at the end. A terminal says EIO when its other end is closed.
bool read_some(const Fd& from, std::string& text) {
    std::array<char, 4096> buffer{};
    const ssize_t count = read(from.get(), buffer.data(), buffer.size());
    if (count > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return count > 0 || (count < 0 && errno == EINTR);
}

// False if they have not ended after ten minutes.
bool read_both(const Channel& out, const Channel& err, Outcome& outcome) {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + std::chrono::minutes(10);
    std::array<pollfd, 2> waiting{{{out.reader.get(), POLLIN, 0}, {err.reader.get(), POLLIN, 0}}};
    while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
        constexpr int kLookAtTheClockEveryMs = 1000;
        if (poll(waiting.data(), waiting.size(), kLookAtTheClockEveryMs) < 0 && errno != EINTR) {
            throw std::runtime_error("poll failed");
        }
        if (Clock::now() > deadline) {
            return false;
        }
        if (waiting[0].revents != 0 && !read_some(out.reader, outcome.out)) {
            waiting[0].fd = -1;  // poll ignores it from now on
        }
        if (waiting[1].revents != 0 && !read_some(err.reader, outcome.err)) {
            waiting[1].fd = -1;
        }
    }
    return true;
}

}  // namespace

Outcome run_pc1_label(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
    const Fd program(open(PC1_LABEL, O_RDONLY | O_CLOEXEC));
    Channel out = open_pipe();
    Channel err = surroundings.stderr_is_terminal ? open_terminal() : open_pipe();
    const pid_t child = fork();
    if (child < 0) {
        throw std::runtime_error("fork failed");
    }
    if (child == 0) {
        become_program(program, out, err, arguments, surroundings);
    }
    out.writer.reset();
    err.writer.reset();
    Outcome outcome;
    const bool has_ended = read_both(out, err, outcome);
    if (!has_ended) {
        kill(child, SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!has_ended) {
        throw std::runtime_error(PC1_LABEL " did not end within ten minutes");
    }
    if (WIFEXITED(status)) {
        outcome.exit_status = WEXITSTATUS(status);
    }
    if (outcome.exit_status == kCouldNotStart) {
        throw std::runtime_error("could not start " PC1_LABEL);
    }
    return outcome;
}

}  // namespace pc1
