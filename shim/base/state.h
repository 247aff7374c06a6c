// The process-wide state, but for what request.cpp and heap.cpp keep to themselves. Constant-initialised and
// never destroyed: requests come before the library's constructor and after its destructor.
#pragma once

#include "shim/base/config.h"
#include "shim/base/region_table.h"

namespace hugepage::state {

// Hidden, so that no detour by the offset table leads to them.
#pragma GCC visibility push(hidden)
inline constinit Config config;  // the defaults until request::arm has read the environment, then constant
inline constinit RegionTable regions;
#pragma GCC visibility pop

}  // namespace hugepage::state
