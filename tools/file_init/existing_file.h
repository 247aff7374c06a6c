// Looking at one path that a file is to have, without changing what is there.
#pragma once

#include "tools/file_init/facts.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace file_init {

// Opens for reading only and takes no lock, so a file may be in use meanwhile. Its pages are looked at only
// if it has the size and no holes: reading a hole would fill it.
[[nodiscard]] FileFacts look_at_file(const std::string& path, ByteSize expected_size, NodeId node);

// On which nodes the pages are of an open file that has no holes: of an even sample, or of all. It is mapped
// for reading for a moment, which takes no lock and allocates nothing. `advanced` is called for each page
// with its size; what it throws goes through.
inline constexpr std::size_t kAllPages = std::numeric_limits<std::size_t>::max();
[[nodiscard]] hugepage::Result<hugepage::Placement> placement_of_file(
    int fd, ByteSize size, ByteSize page_size, NodeId node, std::size_t most_checked,
    const std::function<void(std::uint64_t bytes)>& advanced = {});

}  // namespace file_init
