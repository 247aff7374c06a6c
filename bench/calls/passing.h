// What a call costs that is not the shim's, in a process that has it preloaded.
#pragma once

#include <string>
#include <vector>

namespace bench {

// All that shim/hooks/exports.map names.
[[nodiscard]] std::vector<std::string> passing_calls();

// Seconds of one call by each of the two ways, "shim" (what the program's own calls reach) or "libc" (the C
// library's own). Both are called by a pointer, as the linkage table does. They take turns in batches of some
// 20 to 200 us, the one first and then the other first, and each batch is compared with the one beside it: so
// what else goes on strikes both alike. The other way's time is that of its middle batch, the one's is so
// many times that as the middle one of the ratios.
[[nodiscard]] std::vector<double> compare_passing(const std::string& call, const std::string& one_way,
                                                  const std::string& other_way);

}  // namespace bench
