// Getting huge pages of one size on one node: by batches, and again, until all are there or it is too late.
#pragma once

#include "tools/ctl/setup/page_control.h"

#include <functional>

namespace ctl {

struct Reserving {
    std::uint64_t got = 0;  // pages, of those that were asked for
    bool has_compacted = false;
    bool has_dropped_caches = false;
};

// Only ever adds. After a shortage the node's memory is compacted and, for pages larger than 2 MiB, clean
// caches are dropped, once; then it is tried again until `is_late`. `progress` is told what has come so far.
// Throws tools::Failure or tools::Interrupted: what has come is in the record then.
[[nodiscard]] Reserving reserve(NodeId node, ByteSize size, std::uint64_t pages, const PageControl& control,
                                Ledger& ledger, const std::function<bool()>& is_late,
                                const std::function<void(std::uint64_t got)>& progress);

}  // namespace ctl
