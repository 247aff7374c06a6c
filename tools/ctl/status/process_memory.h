// What the kernel tells of a process's memory: /proc/PID/smaps and /proc/PID/numa_maps, as text. Pure
// functions: what they don't know they pass over, since each kernel adds lines of its own.
#pragma once

#include "shim/core/byte_size.h"
#include "shim/core/holders.h"
#include "shim/core/node_id.h"

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
    std::string permissions;               // "rw-p"
    std::uint64_t offset = 0;              // in the file
    std::optional<hugepage::FileId> file;  // nothing: anonymous
    std::string path;                      // without the kernel's " (deleted)"; or "[heap]"; or empty
    bool is_deleted = false;               // the file has no name any more
    std::uint64_t page_size = 0;           // KernelPageSize; 0 if the kernel didn't say
    std::uint64_t resident = 0;            // of ordinary pages
    std::uint64_t transparent = 0;         // of those, in transparent huge pages
    std::uint64_t huge = 0;                // of hugetlbfs
};
[[nodiscard]] std::vector<MappedArea> parse_smaps(std::string_view text);

// By the address that a mapping begins at: bytes on each node.
using BytesOfNodes = std::map<hugepage::NodeId, std::uint64_t>;
[[nodiscard]] std::map<std::uint64_t, BytesOfNodes> parse_numa_maps(std::string_view text);

// The list of "Cpus_allowed_list:" of /proc/PID/task/TID/status: "0-3".
[[nodiscard]] std::optional<std::string> parse_cpus_allowed(std::string_view status);

}  // namespace ctl
