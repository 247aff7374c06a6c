#include "tests/hugetlb/storm/client/report.h"

#include "tests/hugetlb/storm/ledger.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace storm {
namespace {

std::string* path = nullptr;

void write_line(const char* text, int length) {
    // Opened only now: every descriptor may have been closed.
    const int fd = ::open(path->c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    static_cast<void>(!::write(fd, text, static_cast<std::size_t>(length)));
    ::close(fd);
}

void on_fault(int signal, siginfo_t* about, void* /*context*/) {
    std::array<char, 128> line{};
    const int length = std::snprintf(line.data(), line.size(), "process %d: signal %d at %p\n", ::getpid(),
                                     signal, about->si_addr);
    write_line(line.data(), length);
    ::signal(signal, SIG_DFL);  // on return the fault is met again
}

}  // namespace

void report_to(const std::string& folder) {
    path = new std::string(folder + kReportFile);
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGSEGV, &action, nullptr);
    ::sigaction(SIGBUS, &action, nullptr);
}

void violation(const char* format, ...) {
    std::array<char, 512> line{};
    int length = std::snprintf(line.data(), line.size(), "process %d: ", ::getpid());
    std::va_list values;
    va_start(values, format);
    length += std::vsnprintf(line.data() + length, line.size() - static_cast<std::size_t>(length) - 1, format,
                             values);
    va_end(values);
    length = std::min(length, static_cast<int>(line.size()) - 2);
    line.at(static_cast<std::size_t>(length)) = '\n';
    write_line(line.data(), length + 1);
    std::abort();
}

}  // namespace storm
