// The kernel's counts of huge pages, as functions, so that tests can hand in a kernel that runs short; and
// the one way to change a count: entered in the record before, settled after.
#pragma once

#include "tools/common/interrupts.h"
#include "tools/pool/record.h"

#include <cstdint>
#include <functional>
#include <string>

namespace pool {

using ctl::Pages;

struct PageControl {
    std::function<Pages(NodeId, ByteSize)> counts;
    std::function<Pages(ByteSize)> machine;
    // Writes the node's number of pages without the surplus; the kernel may reach less. Throws
    // tools::Failure.
    std::function<void(NodeId, ByteSize, std::uint64_t reserved)> set;
    // Writes the machine's, bound to the node, so that only pages there come or go; false if that can't be
    // done here.
    std::function<bool(NodeId, ByteSize, std::uint64_t reserved)> set_bound;
    std::function<void(NodeId)> compact;
    std::function<void()> drop_clean_caches;
    std::function<void()> pause;  // before another try; throws tools::Interrupted
    std::function<void()> check;  // throws tools::Interrupted
};

// Of this machine. A node's count is written in the node's own file; where the kernel has no NUMA, in the
// machine's. The interrupts must outlive it.
[[nodiscard]] PageControl page_control(const tools::Interrupts& interrupts, const std::string& sysfs = "/sys",
                                       const std::string& proc = "/proc");

// The file whose content is the count of reserved pages.
[[nodiscard]] std::string count_file(const std::string& sysfs, ByteSize size, NodeId node);

// Adds so many pages, or gives so many back (negative); returns how many of them really came, or went. Throws
// tools::Failure.
//
// Kernels before 6.7 add the other nodes' surplus pages to the count that is written for a node. So where
// there are any the machine's count is written, bound to the node; and what came in excess all the same is
// given back at once, or entered in the record.
std::uint64_t change_pages(NodeId node, ByteSize size, std::int64_t by, const PageControl& control,
                           Ledger& ledger);

// Ends the changes that a killed process has left under way in the record, and forgets pages that somebody
// else must have given back, as there are fewer now.
void settle_pages(Record& record, const PageControl& control);

struct Reserving {
    std::uint64_t got = 0;  // pages, of those that were asked for
    bool has_compacted = false;
    bool has_dropped_caches = false;
};
// Only ever adds, by batches. After a shortage the node's memory is compacted and, for pages larger than 2
// MiB, clean caches are dropped, once; then it is tried again until `is_late`. `progress` is told what has
// come so far. Throws tools::Failure or tools::Interrupted: what has come is in the record then.
[[nodiscard]] Reserving reserve(NodeId node, ByteSize size, std::uint64_t pages, const PageControl& control,
                                Ledger& ledger, const std::function<bool()>& is_late,
                                const std::function<void(std::uint64_t got)>& progress);

}  // namespace pool
