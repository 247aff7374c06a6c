// Gives a request a file of the pool, or lets it go by.
//
// State: unarmed until the environment has been read, which happens once, in the library's constructor or at
// the first request if that comes earlier (from another library's constructor); a request that comes
// meanwhile, from another thread or a signal handler, is let go by. From then on armed or inert for good. No
// file is looked for before the first request that one could serve, so that the sealer's children, of which
// few make such a request, start as fast as without the shim.
//
// Signals: all are blocked while a request is served, and while a call on a region is answered
// (base/mutex.h).
//
// Locks: that of the region table, held for some instructions; and one for leasing, held while one file is
// opened, locked and mapped, which waits for nobody. Which process and thread has which file is the kernel's
// to know (lease.h).
//
// Fork: by whatever call a child was made, the kernel forgets for it (base/region_table.h): it has no
// regions, and of its parent's memory what HUGEPAGE_FORK says. vfork and posix_spawn share the parent's
// memory until exec, as always.
#pragma once

#include "shim/base/next.h"
#include "shim/base/topology.h"

#include <atomic>
#include <cstddef>

namespace hugepage::request {

// Hidden, so that no detour by the offset table leads to them.
#pragma GCC visibility push(hidden)
namespace internal {
extern constinit std::atomic<std::size_t> threshold;
}  // namespace internal
#pragma GCC visibility pop

// What most calls pay: false means that the request is certainly not one for the shim.
inline bool may_serve(std::size_t length) noexcept {
    return length >= internal::threshold.load(std::memory_order_relaxed);
}

// Whether a file could serve it: it is anonymous memory to read and write, of a length that the pool has.
// Else it is passed on.
[[nodiscard]] bool is_eligible(const MapRequest& request) noexcept;

struct Answer {
    void* memory = nullptr;   // a region, zeroed and populated; or null, and then
    bool is_refused = false;  // the operator requires a file and none is free: ENOMEM; else
    NodeChoice choice;        // of the ordinary memory that the caller gets then
};
// To what concerns the shim. Null is no place that a placed request could be served at. errno is kept.
[[nodiscard]] Answer serve(const MapRequest& request) noexcept;
// Whether ordinary memory in the place of a file is made as good as it can be (HUGEPAGE_FALLBACK=thp): the
// advice to use huge pages, and the chosen node preferred, unless the thread has a memory policy of its own.
// For the whole pages in the range that are not in use yet. The caller sees no change but the speed. errno is
// kept.
[[nodiscard]] bool advises_fallback() noexcept;
void advise_fallback(void* memory, std::size_t length, const NodeChoice& choice) noexcept;

// The whole of it, as mmap answers: a region, ordinary memory by the next mmap, or MAP_FAILED and ENOMEM.
[[nodiscard]] void* memory_for(const MapRequest& request, next::Mmap* pass_on) noexcept;

// Reads the environment, if that has not been done.
void arm() noexcept;

}  // namespace hugepage::request
