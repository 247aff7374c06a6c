// What doctor says of the kernel's settings and of the limits that a process is under. Pure: over facts.
#pragma once

#include "tools/ctl/doctor/finding.h"
#include "tools/ctl/doctor/system_facts.h"

namespace ctl {

// `has_pool`: there are files that can be used.
[[nodiscard]] Findings check_system(const SystemFacts& facts, const Machine& machine, bool has_pool);

}  // namespace ctl
