// The nodes of a machine, with their memory and huge pages, and where hugetlbfs is mounted: as it is at this
// moment. Reads only.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/ids.h"
#include "tools/common/mounts.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ctl {

using hugepage::ByteSize;
using hugepage::NodeId;

inline constexpr ByteSize k1GiB{std::uint64_t{1} << 30};
inline constexpr ByteSize k2MiB{std::uint64_t{2} << 20};

// Where the kernel's files are; tests have them in a folder of their own.
struct Root {
    std::string sys = "/sys";
    std::string proc = "/proc";
    std::string process = "self";  // the one that is asked about, or a pid

    [[nodiscard]] static Root in(const std::string& folder) { return {folder + "/sys", folder + "/proc"}; }
    [[nodiscard]] std::string of_process(const std::string& name) const {
        return proc + "/" + process + "/" + name;
    }
};

// Huge pages of one size, in pages, of a node or of the whole machine.
struct Pages {
    ByteSize size;            // of each
    std::uint64_t total = 0;  // with the surplus
    std::uint64_t free = 0;   // neither in a file nor otherwise in use
    // Beyond nr_hugepages, taken for a while under nr_overcommit_hugepages. Writing a total that counts them
    // makes them permanent.
    std::uint64_t surplus = 0;
    // Of the free ones, to mappings that haven't taken them yet (HugePages_Rsvd); known of the whole machine
    // only.
    std::uint64_t promised = 0;

    // What nr_hugepages must be written from.
    [[nodiscard]] std::uint64_t reserved() const noexcept { return total - surplus; }
    [[nodiscard]] std::uint64_t spare() const noexcept { return free - std::min(free, promised); }
};

struct Node {
    NodeId id;
    hugepage::CpuSet cpus;
    ByteSize memory;           // of the node, huge pages included
    std::vector<Pages> pages;  // in ascending order of size; all sizes the kernel knows

    // Of that size; none if the kernel knows no such size.
    [[nodiscard]] Pages pages_of(ByteSize size) const;
    // How much of its memory can become huge pages. What the system needs is left to it: the kernel would
    // give its last page away.
    [[nodiscard]] std::uint64_t memory_for_pages() const;
};

struct Machine {
    std::vector<Node> nodes;                     // in ascending order; at least one
    std::vector<ByteSize> page_sizes;            // that the kernel knows, ascending
    std::vector<tools::Mount> mounts;            // of hugetlbfs, in the order they were made
    std::map<ByteSize, std::uint64_t> promised;  // by size of page: HugePages_Rsvd of the machine, if any

    [[nodiscard]] const Node* find(NodeId id) const;
    [[nodiscard]] std::string node_list() const;  // "0, 1"
    [[nodiscard]] bool has_page_size(ByteSize size) const;
    [[nodiscard]] std::uint64_t promised_of(ByteSize size) const;
};

// Throws tools::Failure where the kernel's own files can't be read. A kernel without NUMA has one node, 0.
[[nodiscard]] Machine read_machine(const Root& root = {});

// The folder of the kernel's counts: of a node or, without one, of the whole machine. A kernel without NUMA
// counts node 0's with the machine's alone.
[[nodiscard]] std::string pages_folder(const std::string& sysfs, ByteSize size, std::optional<NodeId> node);
// The counts in it, at this moment. Throws tools::Failure.
[[nodiscard]] Pages read_pages(const std::string& sysfs, ByteSize size, std::optional<NodeId> node);

// How many of the pages that are `wanted` for files on each node are free there, and not promised to mappings
// (HugePages_Rsvd). The kernel doesn't say on which node it will keep a promise, so each node keeps enough
// for what no idle page of the machine can keep.
[[nodiscard]] std::map<NodeId, std::uint64_t> free_for_files(const Machine& machine, ByteSize page_size,
                                                             std::uint64_t promised,
                                                             const std::map<NodeId, std::uint64_t>& wanted);

}  // namespace ctl
