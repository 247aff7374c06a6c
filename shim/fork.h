// What children that are forked off have of the regions (HUGEPAGE_FORK).
//
// A region is a mapping of shared memory, so a child that wrote to it would write to its parent's. Memory
// that was asked for as private is therefore marked MADV_DONTFORK from the start, and a child made behind the
// C library's back (clone, _Fork) has none of it. Around a fork() the handlers here
//   - take the mark off, but where the owner has made it himself       (before)
//   - put it on again                                                  (in the parent and in the child)
//   - take the right to write, for HUGEPAGE_FORK=readonly              (in the child)
// What another thread clones behind the C library's back while the mark is off has the regions too, and can
// write to them.
// vfork, posix_spawn, system and popen run no handlers and need none: until the exec the child is in the very
// memory of its parent. Memory that was asked for as shared is shared.
//
// A child's copy of the mapping holds the lease like any other: it ends with the last of them.
#pragma once

#include "shim/core/mutex.h"

namespace hugepage::fork {

// Has fork() call the handlers from now on; again does nothing. To be called before there is a region, and
// before another library registers handlers of its own: what is registered first is the last to be called
// before a fork, and the first after it. Other libraries take their own locks in their handlers, and hold
// them when they map memory (allocators do), so the shim's, which it takes to answer such a call, must be
// taken after theirs.
//
// A fork that another thread has begun is over when this returns: the C library has a lock for that.
void register_handlers() noexcept;

// Whether the calling thread is in the midst of fork(), in a handler of another library. Then it can use the
// regions that there are, but a new one would be in the table and not in the child.
[[nodiscard]] bool is_underway() noexcept;

// While it lives, nobody forks by fork(). Blocks signals; for the moment in which there is a descriptor that
// holds a lease, or a mapping that isn't marked yet.
class Hold {
  public:
    Hold() noexcept;

  private:
    Lock lock_;
};

}  // namespace hugepage::fork
