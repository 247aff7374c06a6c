// What doctor says of the variables that a program would be, or was, started with.
#pragma once

#include "tools/ctl/doctor/finding.h"
#include "tools/ctl/program/environment.h"

#include <string>

namespace ctl {

// `root`: the folder that is the program's root.
[[nodiscard]] Findings check_environment(const Environment& environment, const std::string& root);

}  // namespace ctl
