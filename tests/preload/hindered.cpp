// A program that asks for memory while the kernel refuses things, one hindrance a run. It prints what it got
// and what was left over; the test compares.
//
//   hindered refuse BYTES CALL ERRNO  a system call, or one use of it (refusing.cpp has them), always fails,
//                                     or with -1 ends the process
//   hindered limit BYTES LIMIT COUNT  a resource limit: as, nofile, nproc
//   hindered group BYTES FILE         a control group's limits: it enters the group by its file of processes
//   hindered briefly BYTES            it has no descriptor left the first time
//   hindered swap BYTES CALL FILE     before a use of CALL another thread makes its descriptor one of FILE
//   hindered ended BYTES CALL         a thread that has asked before is ended by its use of CALL
//   hindered none BYTES
//   hindered later BYTES              says "now" between the first time and the second, and waits for the
//                                     end of stdin: something is done to the pool meanwhile
//   hindered meanwhile BYTES          the same, while it has the memory of the first time
//
// It asks twice, since what goes wrong at first must not stay wrong, or be told twice.

#include "tests/preload/asking.h"
#include "tests/preload/memory_facts.h"
#include "tests/preload/own_things.h"
#include "tests/preload/refusing.h"

#include <poll.h>

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <thread>

namespace {

void let_the_test_act() {
    std::puts("now");
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

// The memory keeps its content whatever is done in between.
void ask(std::size_t bytes, void (*in_between)() = nullptr) {
    char* memory = probes::take(bytes);
    if (memory == nullptr) {
        std::puts("memory: none");
        return;
    }
    const bool is_fresh = probes::is_zero(memory, bytes);
    std::memset(memory, 'h', bytes);
    const std::string kind = probes::describe(memory);
    if (in_between != nullptr) {
        in_between();
        std::puts(probes::is_all(memory, 'h', bytes) ? "kept" : "lost");
        std::memset(memory, 'i', bytes);
    }
    std::printf("memory: %s, zero: %d, unmap: %d\n", kind.c_str(), is_fresh, ::munmap(memory, bytes));
}

bool limit(std::string_view what, rlim_t count) {
    const rlimit both{count, count};
    if (what == "as") {
        return ::setrlimit(RLIMIT_AS, &both) == 0;
    }
    if (what == "nproc") {
        return ::setrlimit(RLIMIT_NPROC, &both) == 0;
    }
    return what == "nofile" && ::setrlimit(RLIMIT_NOFILE, &both) == 0;
}

bool enter_group(const char* processes) {
    const int fd = ::open(processes, O_WRONLY | O_CLOEXEC);
    const bool entered = ::write(fd, "0", 1) == 1;
    ::close(fd);
    return entered;
}

// What becomes of a descriptor's number when one thread closes all descriptors and another opens a file. The
// thread has no filter: it is older.
class Swapper {
  public:
    Swapper(std::string_view call, const char* path) : call_(call), file_(::open(path, O_RDWR | O_CLOEXEC)) {
        if (file_ < 0) {
            file_ = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        }
        thread_ = std::thread([this] { answer(); });
        listener_ = probes::be_asked_of(call);
    }
    ~Swapper() {
        ends_ = true;
        thread_.join();
        ::close(listener_);
        ::close(file_);
        int kept = 0;
        for (int i = 0; i < swapped_; ++i) {
            kept += ::close(numbers_[static_cast<std::size_t>(i)]) == 0 ? 1 : 0;
        }
        std::printf("swapped: %d, kept: %d\n", swapped_, kept);
    }
    Swapper(const Swapper&) = delete;
    Swapper& operator=(const Swapper&) = delete;

  private:
    void answer() {
        while (!ends_) {
            pollfd question{listener_, POLLIN, 0};
            if (listener_ < 0 || ::poll(&question, 1, 10) != 1) {
                std::this_thread::yield();
                continue;
            }
            seccomp_notif call{};
            if (::ioctl(listener_, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0) {
                const int fd = descriptor_of(call.data.args);
                if (::dup3(file_, fd, O_CLOEXEC) == fd) {
                    numbers_.at(static_cast<std::size_t>(swapped_++)) = fd;
                }
                seccomp_notif_resp go_on{};
                go_on.id = call.id;
                go_on.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
                ::ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &go_on);
            }
        }
    }

    [[nodiscard]] int descriptor_of(const __u64* arguments) const {
        if (call_ == "ppoll") {
            return reinterpret_cast<const pollfd*>(arguments[0])->fd;
        }
        return static_cast<int>(arguments[call_ == "map a file" ? 4 : 0]);
    }

    std::string_view call_;
    int file_;
    std::array<int, 32> numbers_{};
    std::atomic<int> listener_{-1};
    std::atomic<bool> ends_{false};
    int swapped_ = 0;
    std::thread thread_;
};

}  // namespace

int main(int argc, char** argv) {
    const std::string_view scenario = argc > 1 ? argv[1] : "";
    const std::size_t bytes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
    const auto before = probes::own_things();  // and makes the program as large as it will be
    rlimit descriptors{};
    std::optional<Swapper> swapper;
    ::getrlimit(RLIMIT_NOFILE, &descriptors);
    if (scenario == "refuse" && argc > 4) {
        if (!probes::refuse(argv[3], std::atoi(argv[4]))) {
            std::puts("no such call");
            return 2;
        }
    } else if (scenario == "limit" && argc > 4) {
        if (!limit(argv[3], std::strtoull(argv[4], nullptr, 10))) {
            std::puts("no such limit");
            return 2;
        }
    } else if (scenario == "group" && argc > 3) {
        if (!enter_group(argv[3])) {
            std::puts("no such group");
            return 2;
        }
    } else if (scenario == "briefly") {
        const rlimit none{STDERR_FILENO + 1, descriptors.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
    } else if (scenario == "swap" && argc > 4) {
        swapper.emplace(argv[3], argv[4]);
    } else if (scenario == "ended" && argc > 3) {
        std::thread([&] {
            if (probes::refuse(argv[3], probes::kKillThread)) {
                static_cast<void>(probes::take(bytes));
                std::puts("not ended");
            }
        }).join();
    } else if (scenario != "none" && scenario != "later" && scenario != "meanwhile") {
        return 2;
    }
    ask(bytes, scenario == "meanwhile" ? let_the_test_act : nullptr);
    if (scenario == "briefly") {
        ::setrlimit(RLIMIT_NOFILE, &descriptors);
    }
    if (scenario == "later") {
        let_the_test_act();
    }
    ask(bytes);
    swapper.reset();
    std::printf("left: %s\n", probes::to_text(probes::own_things() - before).c_str());
    return 0;
}
