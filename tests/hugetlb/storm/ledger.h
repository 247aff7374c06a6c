// What the storm's programs share: memory mapped from a file, which outlasts whoever is killed.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace storm {

inline constexpr std::size_t kMostProcesses = 256;
inline constexpr std::size_t kMostThreads = 4;

// The sizes of the pool's files, and how often a client asks for each.
struct Kind {
    std::size_t bytes;
    std::size_t files;
    unsigned weight;
};
inline constexpr std::array<Kind, 4> kKinds{
    {{2UL << 20, 40, 8}, {4UL << 20, 30, 6}, {8UL << 20, 20, 4}, {32UL << 20, 8, 2}}};

// What clients count.
enum Count : std::size_t {
    kRounds,     // memory taken, filled, verified and given back
    kServed,     // of these in a file's memory
    kOrdinary,   // of these in ordinary memory; of the rest it isn't known
    kForks,      // children that looked at their parent's memory and took their own
    kOutlivers,  // grandchildren left behind with it
    kClones,     // children made behind the C library's back
    kSpawns,     // programs started by posix_spawn or vfork
    kExecs,      // processes that became another program
    kClosings,   // of all descriptors from 3 up
    kLeavings,   // processes that ended in the midst of their threads' work
    kCounts
};

struct Ledger {
    std::atomic<bool> ending;
    std::array<std::atomic<std::uint64_t>, kCounts> counts;
    // Of each thread of each process: changes as long as it gets on, 0 if there is none.
    std::array<std::array<std::atomic<std::uint64_t>, kMostThreads>, kMostProcesses> beats;

    void add(Count what) { counts.at(what).fetch_add(1, std::memory_order_relaxed); }
    void forget_beats(std::size_t process) {
        for (auto& beat : beats.at(process)) {
            beat = 0;
        }
    }
};

// Within the folder that both are told of: the ledger, and the file to which a client writes what went wrong.
inline constexpr const char* kLedgerFile = "/ledger";
inline constexpr const char* kReportFile = "/report";

// Null if it can't be had. Stays mapped to the end of the process.
inline Ledger* open_ledger(const std::string& folder) {
    const int fd = ::open((folder + kLedgerFile).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void* memory = MAP_FAILED;
    if (fd >= 0 && ::ftruncate(fd, sizeof(Ledger)) == 0) {
        memory = ::mmap(nullptr, sizeof(Ledger), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    ::close(fd);
    return memory == MAP_FAILED ? nullptr : static_cast<Ledger*>(memory);
}

}  // namespace storm
