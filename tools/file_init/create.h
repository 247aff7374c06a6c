// Carrying out a plan: all files, or none.
#pragma once

#include "tools/common/interrupts.h"
#include "tools/file_init/facts.h"
#include "tools/file_init/plan.h"
#include "tools/file_init/request.h"

namespace file_init {

// Creates what is in plan.create. The files get their names only when all are complete, so that no name ever
// stands for half a file, whatever ends this process. Throws Failure or tools::Interrupted, and has left
// nothing then.
void create(const Request& request, const Facts& facts, const Plan& plan,
            const tools::Interrupts& interrupts);

}  // namespace file_init
