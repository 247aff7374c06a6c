#include "tests/hugetlb/storm/client/children.h"

#include "tests/hugetlb/storm/client/report.h"

#include <spawn.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <optional>

namespace storm {
namespace {

constexpr std::size_t kSmall = 2;  // of the kinds, the first two

// Whether the address is in a file's memory; nothing if it can't be seen, as when somebody closes the
// descriptor.
std::optional<bool> is_in_file(const void* address) {
    const int fd = ::open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    std::array<char, 8192> text{};
    std::size_t kept = 0;
    for (ssize_t got = 0; (got = ::read(fd, text.data() + kept, text.size() - 1 - kept)) > 0;) {
        text.at(kept + static_cast<std::size_t>(got)) = '\0';
        char* line = text.data();
        for (char* end = nullptr; (end = std::strchr(line, '\n')) != nullptr; line = end + 1) {
            std::uintptr_t begin = 0;
            unsigned long inode = 0;
            if (std::sscanf(line, "%" SCNxPTR "-%*x %*s %*x %*s %lu", &begin, &inode) == 2 &&
                begin == reinterpret_cast<std::uintptr_t>(address)) {
                ::close(fd);
                return inode != 0;
            }
        }
        kept = std::strlen(line);
        std::memmove(text.data(), line, kept);
    }
    ::close(fd);
    return std::nullopt;
}

// A child's end is its own or SIGKILL's.
void wait_for(pid_t child, const char* what) {
    int status = 0;
    if (::waitpid(child, &status, 0) != child) {
        violation("waitpid of %s: %s", what, std::strerror(errno));
    }
    const bool is_fine = WIFEXITED(status) ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGKILL;
    if (!is_fine) {
        violation("%s ended with status %#x", what, static_cast<unsigned>(status));
    }
}

// Whether a child will have it: shared memory, and private memory that no file served.
bool is_inherited(const Buffer& memory) {
    return memory.is_shared() || is_in_file(memory.begin()) == false;
}

// By a system call, so that it is no fault where there is nothing. The parent's must stay as it is.
void try_to_write(const Buffer& memory, Random& random) {
    ::syscall(SYS_getrandom, memory.begin() + random.below(memory.length()), 1, 0);
}

[[noreturn]] void live_as_child(const Client& client, Random& random, Buffer& memory, bool inherited) {
    if (inherited) {
        memory.verify("in a child");
    }
    few_rounds(client, random, random.below(3));
    if (inherited) {
        memory.verify("in a child, later");
    }
    if (!memory.is_shared()) {
        if (inherited && memory.is_whole() && random.one_in(2)) {
            memory.clear_all(mark_of(::getpid(), 0, 0));
            memory.verify("a child's own");
        } else {
            try_to_write(memory, random);
        }
    }
    if (random.one_in(4)) {
        become_anew(client, random, true);
    }
    ::_exit(0);
}

// The parent may have given it back, or be gone.
[[noreturn]] void outlive(const Client& client, Random& random, const Buffer& memory, bool inherited) {
    for (std::size_t looks = 1 + random.below(5); looks > 0; --looks) {
        if (inherited) {
            memory.verify("in a child left behind");
        }
        ::usleep(static_cast<useconds_t>(random.below(100'000)));
    }
    few_rounds(client, random, 1);
    if (inherited) {
        memory.verify("in a child left behind");
    }
    ::_exit(0);
}

// What the C library runs around fork isn't run.
void clone_bare(const Client& client, Random& random, const Buffer& memory) {
    const long child = ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        if (!memory.is_shared()) {
            try_to_write(memory, random);
        }
        ::syscall(SYS_exit_group, 0);
    }
    if (child > 0) {
        client.ledger->add(kClones);
        wait_for(static_cast<pid_t>(child), "a child by clone");
    }
}

// A client's command line; unlike any other's, whatever it is that starts it.
struct CommandLine {
    CommandLine(const Client& client, Random& random, bool briefly) {
        std::snprintf(process.data(), process.size(), "%zu", briefly ? kMostProcesses : client.process);
        std::snprintf(seed.data(), seed.size(), "%" PRIu64,
                      random.next() ^ static_cast<std::uint64_t>(::getpid()));
        words = {const_cast<char*>(client.program.c_str()), const_cast<char*>(client.folder.c_str()),
                 process.data(), seed.data(), nullptr};
    }
    CommandLine(const CommandLine&) = delete;
    CommandLine& operator=(const CommandLine&) = delete;

    std::array<char, 24> process{};
    std::array<char, 24> seed{};
    std::array<char*, 5> words{};
};

}  // namespace

void count(const Client& client, const Buffer& memory) {
    client.ledger->add(kRounds);
    if (const auto served = is_in_file(memory.begin())) {
        client.ledger->add(*served ? kServed : kOrdinary);
    }
}

void few_rounds(const Client& client, Random& random, std::size_t rounds) {
    for (std::size_t round = 0; round < rounds; ++round) {
        const auto mark = mark_of(::getpid(), kMostThreads, round + 1);
        const Buffer memory(kKinds.at(random.below(kSmall)).bytes, random.one_in(8), mark);
        count(client, memory);
        ::usleep(static_cast<useconds_t>(random.below(2'000)));
        memory.verify("a child's own");
    }
}

void make_child_with(const Client& client, Random& random, Buffer& memory) {
    if (memory.length() == 0) {
        return;
    }
    if (client.clones) {
        return clone_bare(client, random, memory);
    }
    const bool outlives = random.one_in(5);
    const bool inherited = is_inherited(memory);
    Random childs(random.next());
    const pid_t child = ::fork();
    if (child == 0) {
        if (!outlives) {
            live_as_child(client, childs, memory, inherited);
        }
        if (::fork() == 0) {
            outlive(client, childs, memory, inherited);
        }
        ::_exit(0);
    }
    if (child > 0) {
        client.ledger->add(outlives ? kOutlivers : kForks);
        wait_for(child, "a child by fork");
    }
}

void run_another(const Client& client, Random& random) {
    CommandLine command(client, random, true);
    pid_t child = -1;
    if (random.one_in(2)) {
        if (::posix_spawn(&child, client.program.c_str(), nullptr, nullptr, command.words.data(), environ) !=
            0) {
            return;
        }
    } else {
        child = ::vfork();
        if (child == 0) {
            ::execv(client.program.c_str(), command.words.data());
            ::_exit(127);
        }
    }
    if (child > 0) {
        client.ledger->add(kSpawns);
        wait_for(child, "a program");
    }
}

void become_anew(const Client& client, Random& random, bool briefly) {
    CommandLine command(client, random, briefly);
    client.ledger->add(kExecs);
    ::execv(client.program.c_str(), command.words.data());
    violation("execv: %s", std::strerror(errno));
}

}  // namespace storm
