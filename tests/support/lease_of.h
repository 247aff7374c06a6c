// A lease by the shim's own rules.
#pragma once

#include "shim/core/lease.h"

#include <unistd.h>

namespace tests {

[[nodiscard]] inline hugepage::Result<hugepage::Lease, hugepage::Refusal> lease_of(const char* path,
                                                                                   hugepage::ByteSize size) {
    auto usable = hugepage::open_usable(path, size, ::geteuid());
    return usable ? hugepage::Lease::take(std::move(usable.value())) : usable.error();
}

}  // namespace tests
