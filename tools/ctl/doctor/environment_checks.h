// What doctor says of the variables that a program would be, or was, started with. Pure: over facts.
#pragma once

#include "tools/ctl/doctor/finding.h"
#include "tools/ctl/program/environment.h"

namespace ctl {

[[nodiscard]] Findings check_environment(const Environment& environment);

}  // namespace ctl
