// Filling files with pages: runs touch() in a child process and watches over it.
#pragma once

#include "tools/common/interrupts.h"
#include "tools/file_init/touch.h"

namespace file_init {

// On return every page of every file is there and on the node. Must be called before the process has other
// threads. Shows its progress on stderr if that is a terminal. Throws Failure or tools::Interrupted; the
// child has ended then, and what it has filled stays in the files. Should this process be killed, the child
// dies with it.
void populate(const TouchJob& job, const tools::Interrupts& interrupts);

}  // namespace file_init
