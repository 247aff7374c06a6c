// What an allocation costs that is not the shim's.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

[[nodiscard]] std::vector<std::string> heap_calls();

// Seconds of one call, in this process, whatever is preloaded to it.
[[nodiscard]] double measure_heap(const std::string& call, std::size_t bytes);

}  // namespace bench
