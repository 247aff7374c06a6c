// Gives a request a file of the pool, or lets it go by; takes the memory back. Holds the only process-wide
// state.
//
// State: unarmed until the environment has been read, which happens once, in the library's constructor or at
// the first request if that comes earlier (from another library's constructor); a request that comes
// meanwhile, from another thread or a signal handler, is let go by. From then on armed or inert for good. No
// file is looked for before the first request that one could serve, so that the sealer's children, of which
// few make such a request, start as fast as without the shim.
//
// Locks: one, of the region table, held with signals blocked and never across a system call that waits; and
// fork.h's, held while a new mapping is kept from children. Which process and thread has which file is the
// kernel's to know (core/lease.h).
//
// Fork: fork.h says what a child has of the regions.
#pragma once

#include "shim/core/config.h"
#include "shim/core/function_ref.h"
#include "shim/core/region_table.h"
#include "shim/map_request.h"

#include <atomic>
#include <cstddef>

namespace hugepage::substitution {

// Hidden, so that no detour by the offset table leads to them.
#pragma GCC visibility push(hidden)
namespace internal {
extern constinit std::atomic<std::size_t> threshold;
extern constinit RegionTable regions;
}  // namespace internal
#pragma GCC visibility pop

// What most calls pay: false means that the request is certainly not one for the shim.
inline bool may_serve(std::size_t length) noexcept {
    return length >= internal::threshold.load(std::memory_order_relaxed);
}

// Memory for the request: a region, zeroed and populated, or what pass_on gives (null or MAP_FAILED if it has
// none), improved if it is in the place of a file; or MAP_FAILED with ENOMEM if the operator requires a file
// and none is to be had. errno is left to pass_on otherwise.
[[nodiscard]] void* get(const MapRequest& request, FunctionRef<void*()> pass_on) noexcept;

// Reads the environment, if that has not been done.
void arm() noexcept;
// Whether it is known that no request will ever be served.
[[nodiscard]] bool is_inert() noexcept;

// What the environment says; the defaults until it has been read.
[[nodiscard]] const Config& config() noexcept;

}  // namespace hugepage::substitution
