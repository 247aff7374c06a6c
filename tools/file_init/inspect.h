// Gathering the facts: reads the machine, changes nothing.
#pragma once

#include "tools/file_init/facts.h"
#include "tools/file_init/request.h"

#include <vector>

namespace file_init {

// In ascending order; at least one.
[[nodiscard]] std::vector<NodeId> nodes_of_machine();

// The node must exist. Throws Failure where the kernel's own files cannot be read.
[[nodiscard]] Facts inspect(const Request& request, NodeId node);

}  // namespace file_init
