// Ordinary memory in the place of a file, made as good as it can be without the caller noticing.
#pragma once

#include "shim/node_choice.h"

#include <cstddef>

namespace hugepage {

// Huge pages where the kernel has some to give, and the chosen node preferred, unless the thread has a memory
// policy of its own. For the whole pages in the range, those that are not in use yet. Changes nothing that
// can be seen of the memory but its speed; what the kernel won't do is left undone. errno is not kept.
void improve(void* memory, std::size_t length, const NodeChoice& choice) noexcept;

}  // namespace hugepage
