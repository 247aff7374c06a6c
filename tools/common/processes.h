// Processes as the kernel's tables tell of them: which have a file mapped or locked, which have the shim
// loaded, where their big buffers are and their threads may run.
//
// Reads only, and takes no lock: to ask by flock would disturb a lease. Processes come and go meanwhile: what
// began, or ended, while this ran, may be missing or named. What other containers have can't be seen.
#pragma once

#include "shim/base/ids.h"
#include "tools/common/failure.h"

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tools {

using hugepage::NodeId;

// As stat(2) has it: st_dev, st_ino.
struct FileId {
    dev_t device = 0;
    ino_t inode = 0;

    friend auto operator<=>(const FileId&, const FileId&) = default;
};

// A mapping. Sizes in bytes.
struct MappedArea {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::string permissions;                // "rw-p"
    std::optional<FileId> file;             // nothing: anonymous
    std::uint64_t first_byte = 0;           // where the file's first byte is, or would be
    std::string path;                       // without the kernel's " (deleted)"; or "[heap]"; or empty
    std::uint64_t page_size = 0;            // KernelPageSize; 0 if the kernel didn't say
    std::uint64_t resident = 0;             // of ordinary pages
    std::uint64_t transparent = 0;          // of those, in transparent huge pages
    std::uint64_t huge = 0;                 // of hugetlbfs
    std::map<NodeId, std::uint64_t> nodes;  // bytes on each

    [[nodiscard]] std::uint64_t size() const { return end - begin; }
    [[nodiscard]] std::uint64_t present() const { return resident + huge; }
};

struct Process {
    pid_t pid = 0;
    std::string command;                         // as in /proc/PID/comm, any bytes
    std::vector<MappedArea> areas;               // by address; those that go on in one file are joined
    std::map<std::string, std::size_t> threads;  // by the CPUs that they may run on, "0-15"

    // Paths of the shim's libraries in it.
    [[nodiscard]] std::set<std::string> shims() const;
    // Of the library that serves calloc too.
    [[nodiscard]] bool has_heap_shim() const;
};

// The processes that are meant: that of a number, or all of a name, which is that of /proc/PID/comm or, where
// that is cut, begins so. Throws Failure: it is no number of a process (usage), nothing is called so
// (failed).
[[nodiscard]] std::vector<pid_t> processes_named(const std::string& word, const std::string& proc = "/proc");

// Throws Failure: there is no such process (failed), it may not be looked at (no_permission). One that ends
// meanwhile is no such process.
[[nodiscard]] Process read_process(pid_t pid, const std::string& proc = "/proc");

// Why a process's file of that path can't be read.
[[nodiscard]] Failure unreadable(pid_t pid, const std::string& path, int error);

// A process that has a file locked or mapped. Neither table is enough: a lease goes on in a child that
// inherited the mapping when the process that took the lock is gone, and a program may lock a file that it
// hasn't mapped.
struct Holder {
    pid_t pid = 0;
    std::string command;  // as in /proc/PID/comm, any bytes; empty if there is no such process any more
    // It took the file's flock, by the number in the kernel's table: which may be of a process that is gone,
    // and by now another's.
    bool has_locked = false;
    // Where the file's first byte is mapped, or would be if that part of the file were; empty if it isn't
    // mapped.
    std::set<std::uint64_t> mapped_at = {};
    std::int64_t running_since = 0;  // Unix time, seconds, of the process; 0 if that can't be known

    [[nodiscard]] bool has_mapped() const { return !mapped_at.empty(); }
};
struct Holders {
    std::map<FileId, std::vector<Holder>> of_file;  // by pid; none of a file that nobody holds
    // By pid; of their areas only the extents are known, and nothing of their threads.
    std::vector<Process> with_shim;
    std::size_t unseen_processes = 0;  // whose maps the caller may not read; root may read all
};
// In one pass over the processes. Throws Failure if /proc can't be read.
[[nodiscard]] Holders find_holders(const std::set<FileId>& files, const std::string& proc = "/proc");

}  // namespace tools
