// A lease by the shim's own rules.
#pragma once

#include "shim/request/lease.h"

#include <unistd.h>

namespace tests {

// Open, and not locked yet.
[[nodiscard]] inline hugepage::Result<hugepage::Fd, hugepage::Refusal> opened(const char* path,
                                                                              hugepage::ByteSize size) {
    const hugepage::NodeFolder folder(path);
    const auto fit = hugepage::inspect(folder, ::geteuid());
    return fit ? hugepage::open_own(folder, folder.only_name(), size, ::geteuid()) : fit.error();
}

// Its end lets go of the descriptor, and so of the lock unless a mapping holds it by then.
[[nodiscard]] inline hugepage::Result<hugepage::Fd, hugepage::Refusal> lease_of(const char* path,
                                                                                hugepage::ByteSize size) {
    auto own = opened(path, size);
    if (own) {
        if (const auto leased = hugepage::lease(own.value(), size); !leased) {
            return leased.error();
        }
    }
    return own;
}

}  // namespace tests
