// A program that asks for memory at moments and in places where few do, one scenario a run. It prints what
// it saw; the test compares.
//
//   nested storm BYTES        timers' handlers map, touch and unmap in the midst of the program's calls
//   nested crowd BYTES COUNT  COUNT threads ask at once and hold what they got
//   nested heap BYTES         malloc and free of so much, whoever the allocator is
//   nested hooks BYTES        each call that the shim stands before
//   nested leave BYTES HOW    asks after main, as it ends by exit, quick_exit, _exit, or in a thread
//   nested cancel BYTES       cancels a thread in msync
//   nested chain BYTES        calls that a library behind the shim should hear of

#include "tests/preload/asking.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

extern "C" [[gnu::weak]] int advice_heard();  // listener.cpp

namespace {

using probes::take;
using probes::use_once;

constexpr std::size_t kPage = 4096;
std::size_t bytes = 0;

// Mappings of files that are called so.
int count_mappings(std::string_view name) {
    std::ifstream maps("/proc/self/maps");
    int count = 0;
    for (std::string line; std::getline(maps, line);) {
        count += line.ends_with(name) ? 1 : 0;
    }
    return count;
}

void say_and_wait(const char* what) {
    std::puts(what);
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

std::atomic<int> handled{0};
std::atomic<int> faults_in_handlers{0};
std::array<timer_t, 2> timers{};

// Once, soon: were it again and again, a slow machine would do nothing else.
void wind_up(timer_t timer, long nanoseconds) {
    const itimerspec soon{{0, 0}, {0, nanoseconds}};
    ::timer_settime(timer, 0, &soon, nullptr);
}

void on_signal(int signal) {
    const int before = errno;
    faults_in_handlers += use_once(bytes, static_cast<char>(signal));
    ++handled;
    errno = before;
}

void on_timer(int signal, siginfo_t* from, void* /*context*/) {
    on_signal(signal);
    const int before = errno;  // the timer may have been deleted meanwhile
    wind_up(timers.at(static_cast<std::size_t>(from->si_value.sival_int)), 100'000 + 7'919L * (handled % 50));
    errno = before;
}

int storm() {
    constexpr int kEnough = 100;
    struct sigaction action {};
    action.sa_sigaction = on_timer;
    action.sa_flags = SA_RESTART | SA_SIGINFO;
    for (int i = 0; i < 2; ++i) {  // one interrupts the other's handler
        sigevent event{};
        event.sigev_notify = SIGEV_SIGNAL;
        event.sigev_signo = SIGRTMIN + i;
        event.sigev_value.sival_int = i;
        ::sigaction(event.sigev_signo, &action, nullptr);
        auto& timer = timers.at(static_cast<std::size_t>(i));
        ::timer_create(CLOCK_MONOTONIC, &event, &timer);
        wind_up(timer, 100'000);
    }
    int faults = 0;
    for (int round = 0; handled < kEnough || round < kEnough; ++round) {
        char* memory = take(bytes);
        std::memset(memory, 'm', bytes);
        faults += ::madvise(memory, bytes / 2, MADV_DONTNEED) != 0 || memory[0] != 0 ? 1 : 0;
        faults += memory[bytes / 2] != 'm' || memory[bytes - 1] != 'm' ? 1 : 0;
        faults += ::munmap(memory + bytes / 2, bytes / 2) == 0 ? 0 : 1;
        faults += ::munmap(memory, bytes / 2) == 0 ? 0 : 1;
    }
    for (const timer_t timer : timers) {
        ::timer_delete(timer);
    }
    std::printf("faults: %d %d\n", faults, faults_in_handlers.load());
    say_and_wait("holding");
    return 0;
}

struct Crowd {
    pthread_barrier_t barrier;
    std::atomic<int> next{0};
    std::atomic<int> faults{0};
};

void* one_of_the_crowd(void* argument) {
    auto& crowd = *static_cast<Crowd*>(argument);
    const int id = ++crowd.next;
    ::pthread_barrier_wait(&crowd.barrier);
    auto* memory = reinterpret_cast<int*>(take(bytes));
    const std::size_t last = bytes / sizeof(int) - 1;
    for (const std::size_t at : {std::size_t{0}, last / 2, last}) {
        crowd.faults += memory[at] == 0 ? 0 : 1;
        memory[at] = id;
    }
    ::pthread_barrier_wait(&crowd.barrier);  // all have theirs
    ::pthread_barrier_wait(&crowd.barrier);  // and have been counted
    for (const std::size_t at : {std::size_t{0}, last / 2, last}) {
        crowd.faults += memory[at] == id ? 0 : 1;
    }
    crowd.faults += ::munmap(memory, bytes) == 0 ? 0 : 1;
    return nullptr;
}

int crowd(unsigned count) {
    Crowd crowd{};
    ::pthread_barrier_init(&crowd.barrier, nullptr, count + 1);
    pthread_attr_t small;
    ::pthread_attr_init(&small);
    ::pthread_attr_setstacksize(&small, 64UL << 10);
    std::vector<pthread_t> threads(count);
    for (auto& thread : threads) {
        if (::pthread_create(&thread, &small, one_of_the_crowd, &crowd) != 0) {
            std::puts("no thread");
            std::exit(3);
        }
    }
    ::pthread_barrier_wait(&crowd.barrier);
    ::pthread_barrier_wait(&crowd.barrier);
    std::printf("served: %d\n", count_mappings("pool-file"));
    ::pthread_barrier_wait(&crowd.barrier);
    for (const auto thread : threads) {
        ::pthread_join(thread, nullptr);
    }
    std::printf("faults: %d\n", crowd.faults.load());
    say_and_wait("holding");
    return 0;
}

int heap() {
    auto* memory = static_cast<char*>(std::malloc(bytes));
    std::printf("served: %d\n", count_mappings("pool-file"));
    std::memset(memory, 1, bytes);
    auto* more = static_cast<char*>(std::malloc(bytes));  // if the pool has but one file, a fallback
    std::memset(more, 2, bytes);
    std::printf("content: %d %d\n", memory[bytes - 1], more[bytes - 1]);
    std::free(more);
    std::free(memory);
    std::printf("served: %d\n", count_mappings("pool-file"));
    return 0;
}

// On memory that was served, then on other memory.
void call_all(char* memory, std::size_t length) {
    std::array<unsigned char, 1UL << 16> residence{};
    static_cast<void>(!::mprotect(memory, length, PROT_READ | PROT_WRITE));
    for (const int advice : {MADV_DONTNEED, MADV_HUGEPAGE, MADV_FREE, MADV_DONTDUMP}) {
        ::madvise(memory, length, advice);
    }
    ::posix_madvise(memory, length, POSIX_MADV_WILLNEED);
    ::mlock(memory, length);
    ::mlock2(memory, length, 0);
    ::munlock(memory, length);
    ::mlockall(MCL_CURRENT);
    ::munlockall();
    ::msync(memory, length, MS_ASYNC);
    if (length / kPage <= residence.size()) {
        ::mincore(memory, length, residence.data());
    }
    auto* moved = static_cast<char*>(::mremap(memory, length, 2 * length, MREMAP_MAYMOVE));
    ::mmap(moved, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    ::munmap(moved, 2 * length);
}

int hooks() {
    char* memory = take(bytes);
    std::printf("served: %d\n", count_mappings("pool-file"));
    call_all(memory, bytes);
    call_all(static_cast<char*>(
                 ::mmap64(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
             kPage);
    ::munmap(take(bytes), bytes);
    std::printf("served: %d\n", count_mappings("pool-file"));
    return 0;
}

void say_late() {
    std::printf("late: %d\n", use_once(bytes, 'l'));
    std::fflush(stdout);
}

int leave(std::string_view how) {
    if (how == "quick_exit") {
        ::at_quick_exit(say_late);
        std::quick_exit(0);
    }
    if (how == "_exit") {
        static_cast<void>(take(bytes));
        ::_exit(0);
    }
    if (how == "thread") {  // that goes on while the program ends; its faults are a crash or a hang
        pthread_t thread{};
        static std::atomic<bool> runs{false};
        ::pthread_create(
            &thread, nullptr,
            [](void*) -> void* {
                for (;;) {
                    if (use_once(bytes, 't') != 0) {
                        ::_exit(4);
                    }
                    runs = true;
                }
            },
            nullptr);
        while (!runs) {
            ::sched_yield();
        }
    }
    std::atexit(say_late);
    return 0;
}

int cancel() {
    char* memory = take(bytes);
    auto* ordinary = static_cast<char*>(
        ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (char* synced : {memory, ordinary}) {
        pthread_t thread{};
        ::pthread_create(
            &thread, nullptr,
            [](void* at) -> void* {
                ::pthread_cancel(::pthread_self());
                ::msync(at, kPage, MS_ASYNC);
                return nullptr;
            },
            synced);
        void* result = nullptr;
        ::pthread_join(thread, &result);
        std::printf("cancelled: %d\n", result == PTHREAD_CANCELED);
    }
    return 0;
}

int chain() {
    const int before = advice_heard();
    char* memory = static_cast<char*>(::mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ::madvise(memory, kPage, MADV_NORMAL);
    std::printf("heard: %d\n", advice_heard() - before);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view scenario = argc > 1 ? argv[1] : "";
    bytes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
    const std::string_view last = argc > 3 ? argv[3] : "";
    if (bytes == 0) {
        return 2;
    }
    if (scenario == "storm") return storm();
    if (scenario == "crowd") return crowd(static_cast<unsigned>(std::atoi(argv[3])));
    if (scenario == "heap") return heap();
    if (scenario == "hooks") return hooks();
    if (scenario == "leave") return leave(last);
    if (scenario == "cancel") return cancel();
    if (scenario == "chain") return chain();
    return 2;
}
