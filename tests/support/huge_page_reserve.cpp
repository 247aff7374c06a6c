#include "tests/support/huge_page_reserve.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace tests {
namespace {

// The kernel's counters of one page size.
struct Counters {
    std::string total;
    std::string
        surplus;  // of these, beyond what was asked for: they go by themselves when they are no longer in use
};

Counters counters_of(std::uint64_t page_bytes) {
    const std::string folder =
        "/sys/kernel/mm/hugepages/hugepages-" + std::to_string(page_bytes / 1024) + "kB/";
    return {folder + "nr_hugepages", folder + "surplus_hugepages"};
}

long read_counter(const std::string& path) {
    std::array<char, 32> text{};
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool read = fd >= 0 && ::read(fd, text.data(), text.size() - 1) > 0;
    ::close(fd);
    return read ? std::atol(text.data()) : -1;
}

// Changes the number of pages asked for by so many; returns by how many it really changed. Others who do it
// this way wait. Uses nothing but system calls and is so fit for a process forked off a threaded one.
long change_pages(const Counters& counters, long by) {
    const int fd = ::open(counters.total.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ::flock(fd, LOCK_EX);
    const long before = read_counter(counters.total) - read_counter(counters.surplus);
    std::array<char, 32> text{};
    const int length = std::snprintf(text.data(), text.size(), "%ld", before + by);
    static_cast<void>(!::write(fd, text.data(), static_cast<std::size_t>(length)));
    const long after = read_counter(counters.total) - read_counter(counters.surplus);
    ::close(fd);
    return after - before;
}

}  // namespace

HugePageReserve::HugePageReserve(std::uint64_t page_bytes, std::uint64_t pages) {
    const Counters counters = counters_of(page_bytes);
    std::array<int, 2> lifeline{};
    std::array<int, 2> answer{};
    if (::pipe2(lifeline.data(), O_CLOEXEC) != 0 || ::pipe2(answer.data(), O_CLOEXEC) != 0) {
        shortage_ = "no pipe";
        return;
    }
    const long wanted = static_cast<long>(pages);
    guardian_ = ::fork();
    if (guardian_ == 0) {
        // The guardian takes the pages itself: at no moment are there pages without one who will give them
        // back.
        ::setsid();
        ::signal(SIGINT, SIG_IGN);
        ::signal(SIGTERM, SIG_IGN);
        ::signal(SIGHUP, SIG_IGN);
        const long got = change_pages(counters, wanted);
        static_cast<void>(!::write(answer[1], &got, sizeof got));
        // It must not hold the lifelines of others.
        ::dup2(lifeline[0], STDIN_FILENO);
        ::closefrom(STDIN_FILENO + 1);
        char byte = 0;
        while (got == wanted && ::read(STDIN_FILENO, &byte, 1) < 0) {
        }
        change_pages(counters, -got);
        ::_exit(0);
    }
    ::close(lifeline[0]);
    ::close(answer[1]);
    lifeline_ = lifeline[1];
    long got = 0;
    if (::read(answer[0], &got, sizeof got) != sizeof got || got != wanted) {
        shortage_ = "needs " + std::to_string(pages) + " more huge pages of " +
                    std::to_string(page_bytes >> 20) + " MiB, got " + std::to_string(got) +
                    " by writing to " + counters.total + (::geteuid() == 0 ? "" : " (run it as root)");
    }
    ::close(answer[0]);
}

HugePageReserve::~HugePageReserve() {
    if (lifeline_ >= 0) {
        ::close(lifeline_);
        ::waitpid(guardian_, nullptr, 0);
    }
}

}  // namespace tests
