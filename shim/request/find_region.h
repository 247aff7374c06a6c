// Looks for a file that serves a request: on the chosen node; after a wait, if others hold that node's files;
// then, if it is allowed, on other nodes.
#pragma once

#include "shim/base/mutex.h"
#include "shim/base/next.h"
#include "shim/base/topology.h"
#include "shim/request/lease.h"

namespace hugepage {

struct Found {
    void* region = nullptr;                    // or, if it is null,
    Reason reason = Reason::no_file_for_size;  // why none of the chosen node's files served
};

// May take as long as HUGEPAGE_WAIT_MS allows; signals are open meanwhile.
[[nodiscard]] Found find_region(const MapRequest& request, const NodeChoice& choice,
                                const SignalBlock& signals) noexcept;

}  // namespace hugepage
