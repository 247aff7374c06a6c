// One pool file becomes one region.
#pragma once

#include "shim/base/next.h"
#include "shim/request/lease.h"

namespace hugepage {

// A file in a folder that has passed inspect().
struct Candidate {
    const NodeFolder& folder;
    const char* name;
    NodeId node;  // the one its folder names
    NodeId wanted;
    uid_t user;  // whose the file may be, beside root's
};

// Leases the file and maps it so that nobody can tell the memory from fresh
// anonymous memory: populated, so that no page fault and no SIGBUS is left for later; on its node, or
// refused; zero, unless the operator has waived it; entered in the table. On any failure all is undone and
// the refusal says which step it was.
//
// Private memory is marked MADV_DONTFORK, unless HUGEPAGE_FORK says otherwise. errno is not kept.
[[nodiscard]] Result<void*, Refusal> make_region(const MapRequest& request, const Candidate& file) noexcept;

}  // namespace hugepage
