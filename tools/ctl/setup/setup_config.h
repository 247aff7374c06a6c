// A configuration file, read as `setup --config` reads it, for commands that don't set up.
#pragma once

#include "tools/ctl/setup/setup_plan.h"

#include <string>

namespace ctl {

// `machine`: that the file is for. On this system it names users of this system; of another's, which is
// mounted somewhere, users' names are not looked up. Throws tools::Failure (usage) for whatever setup would
// refuse, and for a path that isn't absolute.
[[nodiscard]] SetupRequest read_setup_config(const std::string& file, const Machine& machine,
                                             bool is_of_this_system);

}  // namespace ctl
