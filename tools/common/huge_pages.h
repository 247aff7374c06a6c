// What the kernel says about its huge pages.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/ids.h"
#include "shim/base/result.h"

#include <cstdint>
#include <optional>

namespace hugepage {

// Counts of huge pages of one size, in pages.
struct HugePageCounts {
    std::uint64_t total = 0;
    std::uint64_t free = 0;
    std::uint64_t surplus = 0;   // of the total, beyond nr_hugepages, taken for a while
    std::uint64_t reserved = 0;  // promised to mappings but not yet taken; known for the whole machine only
};

// Of one node, from <sysfs_root>/devices/system/node/node<N>/hugepages; of the whole machine without a node,
// from <sysfs_root>/kernel/mm/hugepages. ENOENT if the kernel has no pages of that size or no such node.
[[nodiscard]] Result<HugePageCounts> huge_page_counts(const char* sysfs_root, ByteSize page_size,
                                                      std::optional<NodeId> node) noexcept;

// The folder those counts stand in, for messages that name the file to write to.
[[nodiscard]] Path huge_page_folder(const char* sysfs_root, ByteSize page_size,
                                    std::optional<NodeId> node) noexcept;

}  // namespace hugepage
