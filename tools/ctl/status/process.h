// Whether a process's big buffers really are on huge pages, and of the right node.
#pragma once

#include "tools/ctl/base/machine.h"
#include "tools/ctl/base/output.h"
#include "tools/ctl/pool/pool_survey.h"

#include <sys/types.h>

#include <string>
#include <vector>

namespace ctl {

// The processes that are meant: that of a number, or all of a name, which is that of /proc/PID/comm or, where
// that is cut, begins so. Throws tools::Failure: it is no number of a process (usage), nothing is called so
// (failed).
[[nodiscard]] std::vector<pid_t> processes_named(const std::string& word, const std::string& proc = "/proc");

// Keys are those of hugepagectl(8). Buffers are mappings of at least 16 MiB that may be read or written, and
// all of huge pages. Throws tools::Failure: there is no such process (failed), it may not be looked at
// (no_permission). One that ends meanwhile is no such process.
[[nodiscard]] Json process_report(pid_t pid, const Machine& machine, const std::vector<PoolSurvey>& pools,
                                  const std::string& proc = "/proc");

[[nodiscard]] std::string process_text(const Json& report, const Terminal& terminal);

}  // namespace ctl
