// What doctor says of the program that is to be run with the shim. Pure: over facts.
#pragma once

#include "tools/ctl/doctor/finding.h"
#include "tools/ctl/program/program.h"

#include <sys/types.h>

#include <string>

namespace ctl {

// Who would run it.
struct Caller {
    uid_t user = 0;
    gid_t group = 0;
};

// `glob`: HUGEPAGE_EXE, or empty.
[[nodiscard]] Findings check_program(const Program& program, const Caller& caller, const std::string& glob);

}  // namespace ctl
