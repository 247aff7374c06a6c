// What a call costs that is not the shim's, in a process that has it preloaded.
#pragma once

#include <string>
#include <vector>

namespace bench {

// All that shim/exports.map names but __register_atfork, which is called a few times in a program's life.
[[nodiscard]] std::vector<std::string> passing_calls();

// Seconds of one call by each of the two ways, "shim" (what the program's own calls reach) or "libc" (the C
// library's own). Both are called by a pointer, as the linkage table does. They take turns in batches, the
// one first and then the other first, and the middle batch counts: so what else goes on strikes both alike.
[[nodiscard]] std::vector<double> compare_passing(const std::string& call, const std::string& one_way,
                                                  const std::string& other_way);

}  // namespace bench
