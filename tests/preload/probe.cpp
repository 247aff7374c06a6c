// A program that knows nothing of the shim and maps memory as its arguments say, one scenario a run. It
// prints what it saw, a line a fact; the test compares.
//
//   probe map|map64 BYTES       fresh memory: is it zero? on which pages? then unmaps it
//   probe shared BYTES          the same, asked for as MAP_SHARED, written by a forked child
//   probe flags BYTES           asks with flags and protections that the shim must pass on
//   probe hold BYTES COUNT      takes COUNT buffers, prints "holding", waits for the end of stdin
//   probe twice BYTES           takes, fills, gives back, takes again: is it zero again?
//   probe errno BYTES           is errno untouched by a served and by a passed-on call?
//   probe fork BYTES            can a child of private memory change what the parent reads?
//   probe parts BYTES           unmaps the lower half, then the rest
//   probe closefrom BYTES       takes a buffer, closes every descriptor from 3 up, prints "holding", waits
//   probe stderr BYTES FILE     closes descriptor 2, opens FILE in its place, takes a buffer
//   probe threads BYTES COUNT   COUNT threads take, fill, check and give back at once
//   probe smallstack BYTES      the same as map, on a thread with the smallest stack there is
//   probe exec BYTES            takes a buffer, then becomes "probe wait"
//   probe wait                  prints "holding", waits for the end of stdin

#include "tests/preload/memory_facts.h"

#include <limits.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using probes::describe;
using probes::is_zero;

constexpr int kPrivate = MAP_PRIVATE | MAP_ANONYMOUS;

char* take(std::size_t bytes, int flags = kPrivate) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}

void wait_for_end_of_stdin() {
    std::puts("holding");
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

int map(char* memory, std::size_t bytes) {
    if (memory == nullptr) {
        std::printf("failed: %s\n", std::strerror(errno));
        return 1;
    }
    std::printf("memory: %s\n", describe(memory).c_str());
    std::printf("fresh: %s\n", is_zero(memory, bytes) ? "zero" : "dirty");
    std::memset(memory, 0x5a, bytes);
    std::printf("unmap: %d\n", ::munmap(memory, bytes));
    std::printf("after: %s\n", describe(memory).c_str());
    return 0;
}

int shared(std::size_t bytes) {
    char* memory = take(bytes, MAP_SHARED | MAP_ANONYMOUS);
    std::printf("memory: %s\n", describe(memory).c_str());
    std::fflush(stdout);
    if (::fork() == 0) {
        memory[bytes - 1] = 'c';
        ::_exit(0);
    }
    ::wait(nullptr);
    std::printf("written by the child: %c\n", memory[bytes - 1]);
    return ::munmap(memory, bytes);
}

int flags(std::size_t bytes) {
    const auto show = [&](const char* name, void* memory) {
        std::printf("%s: %s\n", name, memory == MAP_FAILED ? "failed" : describe(memory).c_str());
        if (memory != MAP_FAILED) {
            ::munmap(memory, bytes);
        }
    };
    constexpr int kReadWrite = PROT_READ | PROT_WRITE;
    // Address space that is free to be asked for, at a place where a huge page can begin.
    constexpr std::uintptr_t kHugePage = 2UL << 20;
    const std::size_t room = bytes + kHugePage;
    const auto start = reinterpret_cast<std::uintptr_t>(::mmap(nullptr, room, PROT_NONE, kPrivate, -1, 0));
    void* place = reinterpret_cast<void*>((start + kHugePage - 1) / kHugePage * kHugePage);
    ::munmap(reinterpret_cast<void*>(start), room);
    show("noreserve", ::mmap(nullptr, bytes, kReadWrite, kPrivate | MAP_NORESERVE, -1, 0));
    show("populate", ::mmap(nullptr, bytes, kReadWrite, kPrivate | MAP_POPULATE, -1, 0));
    show("locked", ::mmap(nullptr, bytes, kReadWrite, kPrivate | MAP_LOCKED, -1, 0));
    show("hint", ::mmap(place, bytes, kReadWrite, kPrivate, -1, 0));
    char* const hinted =
        static_cast<char*>(::mmap(static_cast<char*>(place) + 1, bytes, kReadWrite, kPrivate, -1, 0));
    std::printf("hint within a page: %s, kept: %d\n", describe(hinted).c_str(), hinted == place);
    ::munmap(hinted, bytes);
    show("odd offset", ::mmap(nullptr, bytes, kReadWrite, kPrivate, -1, 1));
    show("read only", ::mmap(nullptr, bytes, PROT_READ, kPrivate, -1, 0));
    show("none", ::mmap(nullptr, bytes, PROT_NONE, kPrivate, -1, 0));
    show("executable", ::mmap(nullptr, bytes, kReadWrite | PROT_EXEC, kPrivate, -1, 0));
    show("stack", ::mmap(nullptr, bytes, kReadWrite, kPrivate | MAP_STACK, -1, 0));
    show("growsdown", ::mmap(nullptr, bytes, kReadWrite, kPrivate | MAP_GROWSDOWN, -1, 0));
    show("fixed", ::mmap(place, bytes, kReadWrite, kPrivate | MAP_FIXED, -1, 0));
    show("one page more", ::mmap(nullptr, bytes + 4096, kReadWrite, kPrivate, -1, 0));
    show("one page less", ::mmap(nullptr, bytes - 4096, kReadWrite, kPrivate, -1, 0));
    show("one byte less", ::mmap(nullptr, bytes - 1, kReadWrite, kPrivate, -1, 0));
    return 0;
}

int hold(std::size_t bytes, int count) {
    for (int i = 0; i < count; ++i) {
        char* memory = take(bytes);
        if (memory == nullptr) {
            std::printf("failed: %s\n", std::strerror(errno));
            return 1;
        }
        std::memset(memory, 'a' + i, bytes);
        std::printf("memory: %s\n", describe(memory).c_str());
    }
    wait_for_end_of_stdin();
    return 0;
}

int twice(std::size_t bytes) {
    for (int round = 0; round < 2; ++round) {
        char* memory = take(bytes);
        std::printf("fresh: %s\n", is_zero(memory, bytes) ? "zero" : "dirty");
        std::memset(memory, 0x5a, bytes);
        ::munmap(memory, bytes);
    }
    return 0;
}

int keeps_errno(std::size_t bytes) {
    errno = EDOM;
    char* served = take(bytes);
    std::printf("served: %s %d\n", describe(served).c_str(), errno == EDOM);
    errno = EDOM;
    char* passed = take(4096);
    std::printf("passed on: %d\n", errno == EDOM);
    errno = EDOM;
    ::munmap(served, bytes);
    ::munmap(passed, 4096);
    std::printf("unmapped: %d\n", errno == EDOM);
    errno = 0;
    const bool map_refused = ::mmap(nullptr, 0, PROT_READ, kPrivate, -1, 0) == MAP_FAILED && errno == EINVAL;
    errno = 0;
    const bool unmap_refused = ::munmap(reinterpret_cast<void*>(1), 4096) == -1 && errno == EINVAL;
    std::printf("the kernel's own refusals: %d %d\n", map_refused, unmap_refused);
    return 0;
}

int forks(std::size_t bytes) {
    char* memory = take(bytes);
    std::memset(memory, 'p', bytes);
    const pid_t child = ::fork();
    if (child == 0) {
        memory[0] = 'c';  // with MADV_DONTFORK this ends the child
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    std::printf("parent reads: %c\n", memory[0]);
    return 0;
}

int parts(std::size_t bytes) {
    char* memory = take(bytes);
    std::printf("memory: %s\n", describe(memory).c_str());
    int result = ::munmap(memory, bytes / 2);
    std::printf("lower: %d %s\n", result, describe(memory).c_str());
    std::printf("upper still: %s\n", describe(memory + bytes / 2).c_str());
    std::memset(memory + bytes / 2, 1, bytes / 2);
    wait_for_end_of_stdin();
    result = ::munmap(memory + bytes / 2, bytes / 2);
    std::printf("upper: %d %s\n", result, describe(memory + bytes / 2).c_str());
    return 0;
}

int closes_descriptors(std::size_t bytes) {
    char* memory = take(bytes);
    ::closefrom(3);
    std::memset(memory, 1, bytes);
    wait_for_end_of_stdin();
    return 0;
}

int reuses_stderr(std::size_t bytes, const char* file) {
    ::close(STDERR_FILENO);
    std::printf("opened as: %d\n", ::open(file, O_WRONLY | O_CREAT, 0600));
    std::printf("memory: %s\n", describe(take(bytes)).c_str());
    return 0;
}

int threads(std::size_t bytes, int count) {
    std::vector<std::thread> crowd;
    std::vector<int> wrong(static_cast<std::size_t>(count), 0);
    for (int id = 0; id < count; ++id) {
        crowd.emplace_back([&, id] {
            for (int round = 0; round < 20; ++round) {
                char* memory = take(bytes);
                int& faults = wrong[static_cast<std::size_t>(id)];
                faults += is_zero(memory, bytes) ? 0 : 1;
                std::memset(memory, id + 1, bytes);
                std::this_thread::yield();
                faults += memory[0] == id + 1 && std::memcmp(memory, memory + 1, bytes - 1) == 0 ? 0 : 1;
                faults += ::munmap(memory, bytes) == 0 ? 0 : 1;
            }
        });
    }
    int faults = 0;
    for (int id = 0; id < count; ++id) {
        crowd[static_cast<std::size_t>(id)].join();
        faults += wrong[static_cast<std::size_t>(id)];
    }
    std::printf("faults: %d\n", faults);
    return 0;
}

int on_a_small_stack(std::size_t bytes) {
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, static_cast<std::size_t>(PTHREAD_STACK_MIN));
    pthread_t thread{};
    char* memory = nullptr;
    std::pair<std::size_t, char**> task{bytes, &memory};
    ::pthread_create(
        &thread, &attributes,
        [](void* argument) -> void* {
            const auto* asked = static_cast<std::pair<std::size_t, char**>*>(argument);
            *asked->second = take(asked->first);
            return nullptr;
        },
        &task);
    ::pthread_join(thread, nullptr);
    return map(memory, bytes);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string scenario = argc > 1 ? argv[1] : "";
    const std::size_t bytes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
    const int count = argc > 3 ? std::atoi(argv[3]) : 0;
    if (scenario == "wait") {
        wait_for_end_of_stdin();
        return 0;
    }
    if (bytes == 0) {
        return 2;
    }
    if (scenario == "map") {
        return map(take(bytes), bytes);
    }
    if (scenario == "map64") {
        void* memory = ::mmap64(nullptr, bytes, PROT_READ | PROT_WRITE, kPrivate, -1, 0);
        return map(memory == MAP_FAILED ? nullptr : static_cast<char*>(memory), bytes);
    }
    if (scenario == "exec") {
        std::printf("memory: %s\n", describe(take(bytes)).c_str());
        std::fflush(stdout);
        ::execl(argv[0], argv[0], "wait", nullptr);
        return 1;
    }
    if (scenario == "shared") return shared(bytes);
    if (scenario == "flags") return flags(bytes);
    if (scenario == "hold") return hold(bytes, count);
    if (scenario == "twice") return twice(bytes);
    if (scenario == "errno") return keeps_errno(bytes);
    if (scenario == "fork") return forks(bytes);
    if (scenario == "parts") return parts(bytes);
    if (scenario == "closefrom") return closes_descriptors(bytes);
    if (scenario == "stderr") return reuses_stderr(bytes, argv[3]);
    if (scenario == "smallstack") return on_a_small_stack(bytes);
    if (scenario == "threads") return threads(bytes, count);
    return 2;
}
