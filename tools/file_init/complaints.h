// What a plan can founder on, but for the files that are there already (in_the_way.h): what was found, what
// would be needed, what to type.
#pragma once

#include "tools/common/failure.h"
#include "tools/file_init/facts.h"
#include "tools/file_init/request.h"

#include <cstdint>
#include <span>

namespace file_init {

struct PagesNeeded {
    std::size_t files = 0;
    std::uint64_t needed = 0;
    std::uint64_t available = 0;
};

[[nodiscard]] tools::Failure node_left_out(std::span<const NodeId> nodes);
[[nodiscard]] tools::Failure no_such_node(NodeId node, std::span<const NodeId> nodes);

[[nodiscard]] tools::Failure folder_unreadable(const FolderFacts& folder);
[[nodiscard]] tools::Failure folder_not_writable(const FolderFacts& folder);
[[nodiscard]] tools::Failure not_hugetlbfs(const Request& request, const Facts& facts);
[[nodiscard]] tools::Failure not_whole_pages(const Request& request, ByteSize page_size);
[[nodiscard]] tools::Failure not_enough_pages(const Request& request, const Facts& facts,
                                              const PagesNeeded& pages);
[[nodiscard]] tools::Failure mount_too_small(const Request& request, const Facts& facts,
                                             const PagesNeeded& pages);

}  // namespace file_init
