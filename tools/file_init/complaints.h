// What a plan can founder on, but for the files that are there already (in_the_way.h): what was found, what
// would be needed, what to type.
#pragma once

#include "tools/file_init/facts.h"
#include "tools/file_init/failure.h"
#include "tools/file_init/request.h"

#include <cstdint>
#include <span>

namespace file_init {

struct PagesNeeded {
    std::size_t files = 0;
    std::uint64_t needed = 0;
    std::uint64_t available = 0;
};

[[nodiscard]] Failure node_left_out(std::span<const NodeId> nodes);
[[nodiscard]] Failure no_such_node(NodeId node, std::span<const NodeId> nodes);

[[nodiscard]] Failure folder_unreadable(const FolderFacts& folder);
[[nodiscard]] Failure folder_not_writable(const FolderFacts& folder);
[[nodiscard]] Failure not_hugetlbfs(const Request& request, const Facts& facts);
[[nodiscard]] Failure not_whole_pages(const Request& request, ByteSize page_size);
[[nodiscard]] Failure not_enough_pages(const Request& request, const Facts& facts, const PagesNeeded& pages);
[[nodiscard]] Failure mount_too_small(const Request& request, const Facts& facts, const PagesNeeded& pages);

}  // namespace file_init
