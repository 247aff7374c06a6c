// Gathers what there is to know of this machine, its pool, and what would be started, and has it judged.
#pragma once

#include "tools/ctl/doctor/finding.h"
#include "tools/ctl/pool/pool_choice.h"
#include "tools/ctl/program/environment.h"

#include <string>
#include <vector>

namespace ctl {

struct Questions {
    PoolOptions pool;
    Environment environment;           // of what would be started, or of the process
    std::vector<std::string> command;  // empty: no program is looked at
    std::string process = "self";      // or the number of a process that runs
    std::string library;               // empty: see find_library()

    [[nodiscard]] bool is_about_process() const { return process != "self"; }
};

// Throws tools::Failure (usage) where an option makes no sense on this machine; what else is wrong is a
// finding.
[[nodiscard]] Findings diagnose(const Questions& questions);

}  // namespace ctl
