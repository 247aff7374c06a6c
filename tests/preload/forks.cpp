// A program that knows nothing of the shim and makes children that look at its memory, one scenario a run. It
// prints what each saw; the test compares.
//
//   forks SCENARIO BYTES [SECONDS]          see the table at the end; SECONDS (0) for the storm

#include "tests/preload/memory_facts.h"

#include <spawn.h>

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kHuge = 2UL << 20;
constexpr std::size_t kPage = 4096;

std::size_t bytes;
const char* self;
long seconds;

char* take(int flags = MAP_PRIVATE) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        std::printf("not served: %s\n", std::strerror(errno));
        std::exit(1);
    }
    std::memset(memory, 'p', bytes);
    return static_cast<char*>(memory);
}

sigjmp_buf fault;

void on_fault(int) {
    ::siglongjmp(fault, 1);
}

// What the byte reads, "zero", or "nothing" if there is no memory.
std::string read_at(const char* at) {
    if (sigsetjmp(fault, 1) != 0) {
        return "nothing";
    }
    const char byte = *static_cast<const volatile char*>(at);
    return byte == 0 ? "zero" : std::string(1, byte);
}

bool write_at(char* at, char byte) {
    if (sigsetjmp(fault, 1) != 0) {
        return false;
    }
    *static_cast<volatile char*>(at) = byte;
    return true;
}

std::string result(int code) {
    return code == 0 ? "0" : ::strerrorname_np(errno);
}

void say(const std::string& line) {
    const std::string text = line + "\n";
    static_cast<void>(!::write(STDOUT_FILENO, text.data(), text.size()));
}

// Reads and writes of one who has the memory at hand.
void look(const char* who, char* memory, char byte) {
    const std::string read = read_at(memory) + read_at(memory + bytes - 1);
    const bool wrote = write_at(memory, byte);
    say(std::string(who) + ": reads " + read + (wrote ? ", writes" : ", can't write"));
}

template <class Work>
int in_child(Work work) {
    const pid_t child = ::fork();
    if (child == 0) {
        work();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

void wait_for_end_of_stdin() {
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

void fork_private() {
    char* memory = take();
    in_child([&] {
        look("child", memory, 'c');
        in_child([&] { look("grandchild", memory, 'g'); });
    });
    look("parent", memory, 'q');
}

void fork_shared() {
    char* memory = take(MAP_SHARED);
    in_child([&] {
        look("child", memory, 'c');
        in_child([&] { look("grandchild", memory, 'g'); });
    });
    look("parent", memory, 'q');
}

void advised() {
    char* memory = take();
    say("WIPEONFORK: " + result(::madvise(memory, kHuge, MADV_WIPEONFORK)));
    say("DOFORK: " + result(::madvise(memory, 2 * kHuge, MADV_DOFORK)));
    say("DONTFORK: " + result(::madvise(memory + kHuge, kHuge, MADV_DONTFORK)));
    in_child([&] {
        say("child: " + read_at(memory) + " " + read_at(memory + kHuge) + " " + read_at(memory + 2 * kHuge));
    });
}

// Until it ends or becomes another program, the child is in the parent's memory.
void by_vfork() {
    char* memory = take();
    const pid_t child = ::vfork();
    if (child == 0) {
        memory[0] = 'v';
        ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    look("parent", memory, 'q');
}

void by_spawn() {
    char* memory = take();
    pid_t child = 0;
    std::string program = "true";
    char* arguments[] = {program.data(), nullptr};
    say("posix_spawn: " +
        std::to_string(::posix_spawnp(&child, "true", nullptr, nullptr, arguments, nullptr)));
    ::waitpid(child, nullptr, 0);
    say("system: " + std::to_string(std::system("true")));
    std::FILE* pipe = ::popen("echo child", "r");
    char line[16] = {};
    say(std::string("popen: ") + (std::fgets(line, sizeof line, pipe) != nullptr ? "child" : "nothing"));
    ::pclose(pipe);
    look("parent", memory, 'q');
    in_child([&] { look("child", memory, 'c'); });
}

// By every call that makes one; each child is served itself.
void ways() {
    char* memory = take();
    const struct {
        const char* name;
        pid_t (*make)();
    } calls[] = {
        {"fork", ::fork},
        {"_Fork", [] { return ::_Fork(); }},
        {"clone", [] { return static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }},
        {"clone3",
         [] {
             clone_args arguments{};
             arguments.exit_signal = SIGCHLD;
             return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
         }},
    };
    for (const auto& [name, make] : calls) {
        const pid_t child = make();
        if (child == 0) {
            look(name, memory, 'c');
            char* const own = take();
            const std::string read = read_at(own);
            const std::string unmapped = result(::munmap(own, bytes));
            say("its own: " + read + ", munmap: " + unmapped +
                ", of its parent's: " + result(::munmap(memory, bytes)));
            ::_exit(0);
        }
        ::waitpid(child, nullptr, 0);
    }
    look("parent", memory, 'q');
}

// The test looks at the lease when "parent is gone" is said, and ends the child's stdin.
void outlives() {
    const int status = in_child([] {
        char* memory = take();
        if (::fork() == 0) {
            wait_for_end_of_stdin();
            look("child", memory, 'c');
            ::_exit(0);
        }
    });
    say(WIFEXITED(status) ? "parent is gone" : "parent was killed");
    wait_for_end_of_stdin();
}

void execs() {
    char* memory = take();
    int ends[2];
    static_cast<void>(!::pipe2(ends, O_CLOEXEC));
    if (::fork() == 0) {
        ::execl(self, self, "wait", "1", nullptr);
        ::_exit(1);
    }
    ::close(ends[1]);
    char byte = 0;
    static_cast<void>(!::read(ends[0], &byte, 1));  // until the child's copy is closed by its exec
    ::munmap(memory, bytes);
    say("child is another program");
    wait_for_end_of_stdin();
}

// Ten threads fork while three map and unmap, and all of that is logged: for so many seconds, and a few
// rounds at least.
void storm() {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::seconds(seconds);
    char* memory = take();
    std::atomic<bool> stop{false};
    std::atomic<long> rounds{0};
    std::vector<std::thread> mappers;
    for (int id = 0; id < 3; ++id) {
        mappers.emplace_back([&] {
            while (!stop) {
                char* mine = take();
                ::madvise(mine + kPage, 5 * kPage, MADV_DONTNEED);
                ::munmap(mine, 3 * kPage);
                ::munmap(mine + 3 * kPage, bytes - 3 * kPage);
                ++rounds;
            }
        });
    }
    std::atomic<int> faults{0};
    std::vector<std::thread> forkers;
    for (int id = 0; id < 10; ++id) {
        forkers.emplace_back([&] {
            for (int i = 0; i < 15 || rounds < 20 || Clock::now() < end; ++i) {
                faults += in_child([&] {
                    int wrong = read_at(memory) == "nothing" ? 0 : 1;
                    char* const own = take();
                    wrong += read_at(own) == "p" && ::munmap(own, bytes) == 0 ? 0 : 1;
                    wrong += ::munmap(memory, bytes) == 0 ? 0 : 1;
                    ::_exit(wrong);
                });
            }
        });
    }
    for (auto& forker : forkers) {
        forker.join();
    }
    stop = true;
    for (auto& mapper : mappers) {
        mapper.join();
    }
    say("faults: " + std::to_string(faults));
    look("parent", memory, 'q');
}

void dumped() {
    const auto flags = [](const char* address) {
        return probes::mapping_of(address).flags.find(" dd ") == std::string::npos ? "yes" : "no";
    };
    char* memory = take();
    std::string line = std::string("dumped: ") + flags(memory);
    ::madvise(memory, kHuge, MADV_DONTDUMP);
    line += std::string(" ") + flags(memory);
    ::madvise(memory, kHuge, MADV_DODUMP);
    say(line + " " + flags(memory));
}

}  // namespace

int main(int argc, char** argv) {
    const std::string scenario = argc > 1 ? argv[1] : "";
    bytes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
    seconds = argc > 3 ? std::strtol(argv[3], nullptr, 10) : 0;
    self = argv[0];
    struct sigaction action {};
    action.sa_handler = on_fault;
    ::sigaction(SIGSEGV, &action, nullptr);
    ::sigaction(SIGBUS, &action, nullptr);
    const struct {
        const char* name;
        void (*run)();
    } scenarios[] = {
        {"private", fork_private},
        {"shared", fork_shared},
        {"advised", advised},
        {"vfork", by_vfork},
        {"spawn", by_spawn},
        {"ways", ways},
        {"outlives", outlives},
        {"execs", execs},
        {"storm", storm},
        {"dumped", dumped},
        {"wait", wait_for_end_of_stdin},
    };
    for (const auto& known : scenarios) {
        if (scenario == known.name) {
            known.run();
            return 0;
        }
    }
    return 2;
}
