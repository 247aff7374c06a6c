// Carrying out a plan, and taking it back where it can't be done.
#pragma once

#include "tools/pool/steps.h"

#include <string>
#include <vector>

namespace pool {

// As somebody would type it.
[[nodiscard]] std::vector<std::string> commands_of(const Plan& plan);

// Throws tools::Failure where something that the plan needs isn't allowed, or a file that is to be made anew
// is in use; changes nothing.
void require_rights(const Plan& plan);

// Where pages fall short by the deadline, as many whole files are made as there are pages for. Enters in the
// plan what came of it. Throws tools::Failure or tools::Interrupted: all that this call has added is gone
// again then. All is in the record before it is done.
void set_up(Plan& plan, Work& work);

// Creates the files of a plan that needs nothing else; all or none. Throws tools::Failure or
// tools::Interrupted.
void create(const Plan& plan, const tools::Interrupts& interrupts);

// What came of it in one line, for `systemctl status`: "degraded: node 0: 1 of 2 files, node 1: 2 of 2
// files". `is_refused`: the files' user would not be served from them.
[[nodiscard]] std::string status_line(const Plan& plan, bool is_refused);

}  // namespace pool
