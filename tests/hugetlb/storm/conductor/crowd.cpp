#include "tests/hugetlb/storm/conductor/crowd.h"

#include "tests/support/temp_dir.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <utility>

namespace storm {
namespace {

using namespace std::chrono_literals;

// Far beyond what a loaded machine needs for the longest round.
constexpr auto kHang = 120s;

[[noreturn]] void do_nothing() {
    for (;;) {
        ::pause();
    }
}

// Until the other end of the pipe is closed; then nobody of the group is left.
[[noreturn]] void guard(pid_t group, int lifeline) {
    ::setsid();
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        ::signal(signal, SIG_IGN);
    }
    ::dup2(lifeline, STDIN_FILENO);
    ::closefrom(STDIN_FILENO + 1);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) < 0) {
    }
    ::kill(-group, SIGKILL);
    ::_exit(0);
}

std::string content_of(const std::filesystem::path& path) {
    std::string text = tests::read_file(path);
    std::ranges::replace(text, '\n', ' ');
    return text;
}

}  // namespace

Crowd::Crowd(Setting setting, Ledger& ledger)
    : setting_(std::move(setting)),
      ledger_(ledger),
      random_(setting_.seed),
      processes_(setting_.processes, -1),
      beats_(setting_.processes) {
    // Above its processes, some hundred of which want to run: else it wouldn't come to disturbing them.
    ::setpriority(PRIO_PROCESS, 0, -10);
    std::array<int, 2> ends{};
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("prctl or pipe2");
    }
    group_ = ::fork();
    if (group_ == 0) {
        ::setpgid(0, 0);
        ::closefrom(0);
        do_nothing();
    }
    ::setpgid(group_, group_);
    guardian_ = ::fork();
    if (guardian_ == 0) {
        guard(group_, ends[0]);
    }
    ::close(ends[0]);
    lifeline_ = ends[1];
}

// The number of the group is nobody else's until its first process has been waited for.
Crowd::~Crowd() {
    ::close(lifeline_);
    ::waitpid(guardian_, nullptr, 0);
    while (::waitpid(-group_, nullptr, 0) > 0) {
    }
}

pid_t Crowd::start(std::size_t process) {
    const std::string number = std::to_string(process);
    const std::string seed = std::to_string(random_.next());
    std::vector<std::string> variables;
    for (const auto& [name, value] : setting_.environment) {
        variables.push_back(name + "=" + value);
    }
    std::vector<const char*> environment;
    for (const auto& variable : variables) {
        environment.push_back(variable.c_str());
    }
    environment.push_back(nullptr);
    const std::array<const char*, 5> arguments = {setting_.program.c_str(), setting_.folder.c_str(),
                                                  number.c_str(), seed.c_str(), nullptr};
    ++started_;
    const pid_t pid = ::fork();
    if (pid == 0) {
        const rlimit no_core{0, 0};
        ::setrlimit(RLIMIT_CORE, &no_core);
        ::setpgid(0, group_);
        ::setpriority(PRIO_PROCESS, 0, 0);
        const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
            ::dup2(nowhere, fd);
        }
        ::execve(arguments[0], const_cast<char**>(arguments.data()), const_cast<char**>(environment.data()));
        ::_exit(127);
    }
    ::setpgid(pid, group_);
    return pid;
}

void Crowd::fill() {
    for (std::size_t i = 0; i < processes_.size(); ++i) {
        if (processes_[i] == -1) {
            ledger_.forget_beats(i);
            processes_[i] = start(i);
        }
    }
}

void Crowd::ended(pid_t pid, int status) {
    const bool is_victim = victims_.erase(pid) > 0;
    const bool is_fine =
        WIFEXITED(status) ? WEXITSTATUS(status) == 0 : is_victim && WTERMSIG(status) == SIGKILL;
    if (!is_fine) {
        violations_ += "process " + std::to_string(pid) +
                       (WIFEXITED(status) ? " ended with exit status " + std::to_string(WEXITSTATUS(status))
                                          : " was ended by signal " + std::to_string(WTERMSIG(status))) +
                       ", not by the storm\n";
    }
    std::ranges::replace(processes_, pid, -1);
}

void Crowd::reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-group_, &status, WNOHANG)) > 0;) {
        ended(pid, status);
    }
}

std::vector<pid_t> Crowd::members() const {
    std::vector<pid_t> result;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto pid = static_cast<pid_t>(std::atoi(entry.path().filename().c_str()));
        if (pid > 0 && pid != group_ && ::getpgid(pid) == group_) {
            result.push_back(pid);
        }
    }
    return result;
}

void Crowd::send_to_all(int signal) const {
    ::kill(-group_, signal);
}

void Crowd::disturb() {
    const auto all = members();
    if (all.empty()) {
        return;
    }
    const pid_t pid = all[random_.below(all.size())];
    // It may be gone, and its number another's: what the descriptor stands for is looked at once more.
    const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (fd >= 0 && ::getpgid(pid) == group_) {
        const std::size_t choice = random_.below(8);
        const int signal = choice < 2 ? SIGKILL : choice < 5 ? SIGSTOP : SIGCONT;
        if (signal == SIGKILL) {
            victims_.insert(pid);
        }
        if (::syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0) == 0) {
            kills_ += signal == SIGKILL ? 1 : 0;
            stops_ += signal == SIGSTOP ? 1 : 0;
        }
    }
    ::close(fd);
}

// The signal reaches all at once: who is about to be forked off gets it too.
void Crowd::while_stopped(const std::function<void()>& look) {
    send_to_all(SIGSTOP);
    look();
    send_to_all(SIGCONT);
}

void Crowd::look_for_hangs() {
    const auto now = Clock::now();
    for (std::size_t process = 0; process < processes_.size(); ++process) {
        for (std::size_t thread = 0; thread < kMostThreads; ++thread) {
            Beat& known = beats_[process].at(thread);
            const std::uint64_t beat = ledger_.beats.at(process).at(thread);
            if (beat == 0 || beat != known.last) {
                known = {beat, now};
            } else if (now - known.since > kHang) {
                describe_hang(processes_[process]);
                known.since = now;
            }
        }
    }
}

void Crowd::describe_hang(pid_t pid) {
    violations_ += "process " + std::to_string(pid) + " hangs:\n";
    const std::filesystem::path tasks = "/proc/" + std::to_string(pid) + "/task";
    std::error_code gone;
    for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
        violations_ += "  thread " + task.path().filename().string() + ": in " +
                       content_of(task.path() / "wchan") + ", system call " +
                       content_of(task.path() / "syscall") + ", " + content_of(task.path() / "stack") + "\n";
    }
}

void Crowd::end() {
    ledger_.ending = true;
    const auto deadline = Clock::now() + kHang;
    auto left = members();
    for (; !left.empty() && Clock::now() < deadline; left = members()) {
        send_to_all(SIGCONT);
        reap();
        std::this_thread::sleep_for(10ms);
    }
    for (const pid_t pid : left) {
        describe_hang(pid);
    }
    reap();
}

std::string Crowd::summary() const {
    return "processes: " + std::to_string(started_) + " started, " + std::to_string(kills_) + " killed, " +
           std::to_string(stops_) + " stopped";
}

}  // namespace storm
