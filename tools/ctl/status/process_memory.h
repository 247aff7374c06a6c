// What the kernel tells of a process's memory: lines of /proc/PID/smaps and /proc/PID/numa_maps. Pure
// functions: what they don't know they pass over, since each kernel adds lines of its own.
#pragma once

#include "shim/base/ids.h"
#include "tools/common/kernel_tables.h"

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
    std::map<hugepage::NodeId, std::uint64_t> nodes;  // bytes on each

    [[nodiscard]] std::uint64_t size() const { return end - begin; }
    [[nodiscard]] std::uint64_t present() const { return resident + huge; }
};

// A line that begins a mapping appends it; others are of the last one.
void read_smaps_line(std::string_view line, std::vector<MappedArea>& areas);

// Enters the nodes of the mapping that the line is of. Areas are in ascending order.
void read_numa_maps_line(std::string_view line, std::vector<MappedArea>& areas);

}  // namespace ctl
