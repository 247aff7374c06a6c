// Gives a request a file of the pool, or lets it go by; takes the memory back. Holds the only process-wide
// state.
//
// State: unarmed until the environment has been read, then armed or inert for good. Reading it happens once,
// in the library's constructor or at the first request if that comes earlier (from another library's
// constructor); a request that comes meanwhile, from another thread or a signal handler, is let go by.
//
// Locks: one, of the region table, held with signals blocked and never across a system call that waits. Which
// process and thread has which file is the kernel's to know (core/lease.h).
//
// Fork: private regions are not in the child (MADV_DONTFORK): the file's pages are shared memory, and a child
// that wrote to them would write to the parent's. Regions that were asked for as MAP_SHARED are in both, and
// their lease ends with the last of the two mappings.
#pragma once

#include "shim/core/region_table.h"
#include "shim/map_request.h"

#include <atomic>
#include <cstddef>

namespace hugepage::substitution {

namespace internal {
extern constinit std::atomic<std::size_t> threshold;
extern constinit RegionTable regions;
}  // namespace internal

// What most calls pay: false means that the request is certainly not one for the shim.
inline bool may_serve(std::size_t length) noexcept {
    return length >= internal::threshold.load(std::memory_order_relaxed);
}

// The region that serves the request, zeroed and populated; null if the call is to be passed on, errno as it
// was; or MAP_FAILED with ENOMEM if the operator requires a file and none is to be had.
[[nodiscard]] void* try_map(const MapRequest& request) noexcept;

// Whether this process has any region at all.
inline bool may_own() noexcept {
    return internal::regions.size() != 0;
}

// To be called before the memory is unmapped: from then on another thread may be given the same address. What
// is no region's, and what munmap will refuse, changes nothing. errno is kept.
void forget(const void* address, std::size_t length) noexcept;

// Reads the environment and the pool, if that has not been done.
void arm() noexcept;
[[nodiscard]] bool is_armed() noexcept;

// For pthread_atfork, once armed.
void before_fork() noexcept;
void after_fork() noexcept;

}  // namespace hugepage::substitution
