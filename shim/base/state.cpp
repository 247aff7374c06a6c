#include "shim/base/state.h"

namespace hugepage::state {

constinit Config config;
constinit RegionTable regions;

}  // namespace hugepage::state
