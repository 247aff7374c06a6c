// The nodes of this machine, with their memory and huge pages, and where hugetlbfs is mounted: as it is at
// this moment. Reads only.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/ids.h"
#include "tools/common/mounts.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ctl {

using hugepage::ByteSize;
using hugepage::NodeId;

inline constexpr ByteSize k1GiB{std::uint64_t{1} << 30};
inline constexpr ByteSize k2MiB{std::uint64_t{2} << 20};

// Huge pages of one size on one node, in pages.
struct Pages {
    ByteSize size;            // of each
    std::uint64_t total = 0;  // with the surplus
    std::uint64_t free = 0;   // neither in a file nor otherwise in use
    // Beyond what was reserved, taken for a while under nr_overcommit_hugepages. Who writes a total that
    // counts them makes them permanent.
    std::uint64_t surplus = 0;

    // What was reserved, and what nr_hugepages must be written from.
    [[nodiscard]] std::uint64_t reserved() const noexcept { return total - surplus; }
};

struct Node {
    NodeId id;
    hugepage::CpuSet cpus;
    ByteSize memory;           // of the node, huge pages among it
    ByteSize memory_free;      // used for nothing
    std::vector<Pages> pages;  // in ascending order of size; all sizes the kernel knows

    // Of that size; none if the kernel knows no such size.
    [[nodiscard]] Pages pages_of(ByteSize size) const;
};

struct Machine {
    std::vector<Node> nodes;           // in ascending order; at least one
    std::vector<ByteSize> page_sizes;  // that the kernel knows, ascending
    std::vector<tools::Mount> mounts;  // of hugetlbfs, in the order they were made

    [[nodiscard]] const Node* find(NodeId id) const;
    [[nodiscard]] bool has_page_size(ByteSize size) const;
};

// Throws tools::Failure where the kernel's own files can't be read. A kernel without NUMA has one node, 0.
[[nodiscard]] Machine read_machine();

// The counts of one size on one node, at this moment. Throws tools::Failure.
[[nodiscard]] Pages read_pages(const std::string& sysfs, ByteSize size, NodeId node);

}  // namespace ctl
