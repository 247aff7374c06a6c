// A program in which one mapping call fails with ENOMEM, the first in one run of its body, the second in the
// next, and so on until the body makes fewer calls. Whose call it is, the shim's or the program's, doesn't
// matter: the program tries each of its own again, as one does that has freed something meanwhile.
//
//   failing_once BYTES
//
// Each run is a child, whose mapping calls the parent decides on, by a seccomp filter that asks it.

#include "tests/preload/asking.h"
#include "tests/preload/memory_facts.h"
#include "tests/preload/own_things.h"

#include <poll.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

std::size_t bytes = 0;

// What the child tells its parent.
struct Told {
    std::atomic<int> listener{-1};  // its descriptor of the filter
    std::atomic<int> served{0};
    std::atomic<int> faults{0};
    probes::OwnThings left;
};
Told* told = nullptr;

int ask_parent_about_mapping_calls() {
    constexpr unsigned kAsk = SECCOMP_RET_USER_NOTIF;
    std::array filter = {
        sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 4, 0),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 3, 0),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mremap, 2, 0),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 1, 0),
        sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 1),
        sock_filter BPF_STMT(BPF_RET | BPF_K, kAsk),
        sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{filter.size(), filter.data()};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return static_cast<int>(
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

void expect(bool is_so) {
    told->faults += is_so ? 0 : 1;
}

template <class Call>
void succeeds_at_last(Call call) {
    expect(call() == 0 || (errno == ENOMEM && call() == 0));
}

// A region's life, and that of memory that it is grown into.
void body() {
    char* memory = probes::take(bytes);
    memory = memory == nullptr ? probes::take(bytes) : memory;
    if (memory == nullptr) {
        expect(false);
        return;
    }
    told->served += probes::describe(memory).starts_with("file") ? 1 : 0;
    expect(probes::is_zero(memory, bytes));
    std::memset(memory, 'b', bytes);
    succeeds_at_last([&] { return ::madvise(memory, bytes / 2, MADV_DONTNEED); });
    expect(probes::is_zero(memory, bytes / 2) && probes::is_all(memory + bytes / 2, 'b', bytes / 2));
    succeeds_at_last([&] { return ::mprotect(memory, bytes, PROT_READ); });
    succeeds_at_last([&] { return ::mprotect(memory, bytes, PROT_READ | PROT_WRITE); });
    succeeds_at_last([&] { return ::munmap(memory, bytes / 4); });
    memory += bytes / 4;
    succeeds_at_last([&] { return ::madvise(memory, bytes / 4 * 3, MADV_DONTFORK); });
    succeeds_at_last([&] { return ::mprotect(memory, bytes / 4 * 3, PROT_NONE); });
    char* grown = nullptr;
    succeeds_at_last([&] {
        grown = static_cast<char*>(::mremap(memory, bytes / 4 * 3, bytes * 2, MREMAP_MAYMOVE));
        return grown == MAP_FAILED ? -1 : 0;
    });
    succeeds_at_last([&] { return ::mprotect(grown, bytes * 2, PROT_READ | PROT_WRITE); });
    expect(probes::is_zero(grown, bytes / 4) && probes::is_all(grown + bytes / 4, 'b', bytes / 2) &&
           probes::is_zero(grown + bytes / 4 * 3, bytes / 4 * 5));
    succeeds_at_last([&] { return ::munmap(grown, bytes * 2); });
}

// One that is emptied while it can't be written to, and shrunk to another place.
void another_body() {
    char* memory = probes::take(bytes);
    memory = memory == nullptr ? probes::take(bytes) : memory;
    void* place = probes::take(bytes / 2);
    place = place == nullptr ? probes::take(bytes / 2) : place;
    if (memory == nullptr || place == nullptr) {
        expect(false);
        return;
    }
    std::memset(memory, 'a', bytes);
    succeeds_at_last([&] { return ::mprotect(memory, bytes, PROT_READ); });
    succeeds_at_last([&] { return ::madvise(memory + bytes / 4, bytes / 4, MADV_DONTNEED); });
    succeeds_at_last([&] {
        return ::mremap(memory, bytes, bytes / 2, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place ? 0 : -1;
    });
    const char* moved = static_cast<const char*>(place);
    expect(probes::is_all(moved, 'a', bytes / 4) && probes::is_zero(moved + bytes / 4, bytes / 4));
    succeeds_at_last([&] { return ::munmap(place, bytes / 2); });
}

[[noreturn]] void run() {
    const auto before = probes::own_things();
    const int listener = ask_parent_about_mapping_calls();
    told->listener = listener < 0 ? -2 : listener;
    body();
    another_body();
    ::close(listener);
    told->left = probes::own_things() - before;
    ::_exit(0);
}

int refused_call = 0;

const char* name_of(int call) {
    switch (call) {
        case SYS_mmap:
            return "mmap";
        case SYS_munmap:
            return "munmap";
        case SYS_mremap:
            return "mremap";
        case SYS_madvise:
            return "madvise";
        case SYS_mprotect:
            return "mprotect";
        default:
            return "none";
    }
}

// Has the child's call of this number, from 1 on, fail. Returns how many it made.
int decide(pid_t child, int refused) {
    const auto process = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
    pollfd end{process, POLLIN, 0};
    while (told->listener == -1 && ::poll(&end, 1, 0) == 0) {
        ::usleep(100);
    }
    const auto listener = static_cast<int>(::syscall(SYS_pidfd_getfd, process, told->listener.load(), 0));
    if (listener < 0) {
        std::puts("no filter that asks");
        std::exit(1);
    }
    int calls = 0;
    // Of the child's end some kernels (6.1) tell the listener only when the child has been waited for.
    std::array<pollfd, 2> events{{{listener, POLLIN, 0}, {process, POLLIN, 0}}};
    while (::poll(events.data(), events.size(), -1) > 0 && (events[0].revents & POLLIN) != 0) {
        seccomp_notif question{};
        if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) != 0) {
            continue;  // the thread is gone
        }
        seccomp_notif_resp answer{};
        answer.id = question.id;
        if (++calls == refused) {
            answer.error = -ENOMEM;
            refused_call = question.data.nr;
        } else {
            answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        }
        ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
    ::close(listener);
    ::close(process);
    return calls;
}

}  // namespace

int main(int, char** argv) {
    bytes = std::strtoull(argv[1], nullptr, 10);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    told = static_cast<Told*>(
        ::mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    int served = 0;
    int refused = 0;
    for (int calls = 1; refused < calls;) {
        new (told) Told();
        const pid_t child = ::fork();
        if (child == 0) {
            run();
        }
        calls = decide(child, ++refused);
        int status = -1;
        ::waitpid(child, &status, 0);
        served += told->served;
        if (status != 0 || told->faults != 0 || told->left != probes::OwnThings{}) {
            std::printf("call %d, %s, refused: status %d, faults %d, left %s\n", refused,
                        name_of(refused_call), status, told->faults.load(),
                        probes::to_text(told->left).c_str());
        }
    }
    std::printf("served: %d of %d\n", served, refused);
    return 0;
}
