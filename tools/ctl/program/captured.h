// A program run to its end, with what it wrote.
#pragma once

#include "tools/ctl/program/environment.h"

#include <chrono>
#include <string>
#include <vector>

namespace ctl {

struct Captured {
    int status = -1;         // as waitpid(2) says
    bool timed_out = false;  // it was killed for that
    std::string text;        // stdout and stderr together, the first MiB
};

// With an empty stdin. If this process dies, the program is killed. Throws tools::Failure if it can't be
// started.
[[nodiscard]] Captured capture(const std::vector<std::string>& command, const Environment& environment,
                               std::chrono::seconds patience);

}  // namespace ctl
