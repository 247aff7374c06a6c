// On which pages, and on which nodes, memory of this process lies. What is told is of whole mappings: of
// memory that shares one with other memory (calloc's may) it is told with the other's.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pc1 {

// As the kernel tells it in smaps and numa_maps, which takes it some 0.1 s for each 10 GiB of ordinary pages:
// an array with an object for each size of pages, the smallest first, all in bytes: "page_size"; "resident",
// what is in place; "transparent", of that, in transparent huge pages; "nodes", by the node's number. Empty
// if the kernel doesn't tell.
[[nodiscard]] nlohmann::ordered_json pages_of(const std::vector<std::span<const std::uint8_t>>& memory,
                                              pid_t process, const std::string& proc = "/proc");
[[nodiscard]] nlohmann::ordered_json pages_of(const std::vector<std::span<const std::uint8_t>>& memory);

}  // namespace pc1
