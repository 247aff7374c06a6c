// Processes as the kernel tells of them: their big buffers, where their threads may run, and whether the shim
// is loaded. Reads only.
#pragma once

#include "tools/common/kernel_tables.h"
#include "tools/pool/machine.h"

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ctl {

// A mapping. Sizes in bytes.
struct MappedArea {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::string permissions;                   // "rw-p"
    std::optional<hugepage::MappedFile> file;  // nothing: anonymous
    std::string path;                          // without the kernel's " (deleted)"; or "[heap]"; or empty
    std::uint64_t page_size = 0;               // KernelPageSize; 0 if the kernel didn't say
    std::uint64_t resident = 0;                // of ordinary pages
    std::uint64_t transparent = 0;             // of those, in transparent huge pages
    std::uint64_t huge = 0;                    // of hugetlbfs
    std::map<NodeId, std::uint64_t> nodes;     // bytes on each

    [[nodiscard]] std::uint64_t size() const { return end - begin; }
    [[nodiscard]] std::uint64_t present() const { return resident + huge; }
};

// A line of /proc/PID/smaps, or maps: one that begins a mapping appends it, others are of the last one; what
// isn't known is passed over, since each kernel adds lines of its own.
void read_smaps_line(std::string_view line, std::vector<MappedArea>& areas);

// A line of /proc/PID/numa_maps: enters the nodes of its mapping. Areas are in ascending order.
void read_numa_maps_line(std::string_view line, std::vector<MappedArea>& areas);

// Mappings of at least this size are buffers, and all of huge pages.
inline constexpr std::uint64_t kSmallestBuffer = std::uint64_t{16} << 20;

struct Process {
    pid_t pid = 0;
    std::string command;                         // as in /proc/PID/comm, any bytes
    std::vector<std::string> shims;              // paths of the shim's libraries in it
    std::vector<MappedArea> areas;               // neighbours that are one buffer are joined
    std::map<std::string, std::size_t> threads;  // by the CPUs that they may run on, "0-15"

    // Of the library that serves calloc too.
    [[nodiscard]] bool has_heap_shim() const;
};

// The processes that are meant: that of a number, or all of a name, which is that of /proc/PID/comm or, where
// that is cut, begins so. Throws tools::Failure: it is no number of a process (usage), nothing is called so
// (failed).
[[nodiscard]] std::vector<pid_t> processes_named(const std::string& word, const Root& root = {});

// Throws tools::Failure: there is no such process (failed), it may not be looked at (no_permission). One that
// ends meanwhile is no such process.
[[nodiscard]] Process read_process(pid_t pid, const Root& root = {});

// Those that have the shim loaded and may be looked at, by pid; of their areas only the extents are known.
[[nodiscard]] std::vector<Process> read_shim_processes(const Root& root = {});

}  // namespace ctl
