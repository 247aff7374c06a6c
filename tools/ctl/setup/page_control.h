// The kernel's handles for reserved huge pages, as functions, so that tests can hand in a kernel that runs
// short; and the one way to change a count: entered in the record before, settled after.
#pragma once

#include "tools/common/interrupts.h"
#include "tools/ctl/setup/record.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace ctl {

struct PageControl {
    std::function<Pages(NodeId, ByteSize)> counts;
    // Writes the number of reserved pages; the kernel may reach less. Throws tools::Failure.
    std::function<void(NodeId, ByteSize, std::uint64_t reserved)> set;
    // Free pages of that size on the whole machine which are not promised to mappings.
    std::function<std::uint64_t(ByteSize)> spare;
    // Nobody else who does it this way changes a count of that size until it is let go.
    std::function<std::shared_ptr<void>(ByteSize)> hold;
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

// Adds so many pages, or gives so many back (negative); returns by how many the count really changed. Throws
// tools::Failure.
std::int64_t change_pages(NodeId node, ByteSize size, std::int64_t by, const PageControl& control,
                          Ledger& ledger);

// Ends the changes that a killed process has left under way in the record, and forgets pages that somebody
// else must have given back, as there are fewer now.
void settle_all(const PageControl& control, Ledger& ledger);

}  // namespace ctl
