// Files that are there already: whether each is what would be created, and what to say if not.
#pragma once

#include "tools/common/failure.h"
#include "tools/file_init/facts.h"
#include "tools/file_init/request.h"

#include <optional>
#include <string>
#include <vector>

namespace file_init {

[[nodiscard]] tools::Failure file_unreadable(const FileFacts& file);
[[nodiscard]] tools::Failure same_file_twice(const FileFacts& file);

// Why a file that is there is not the one that would be created; nothing if it is.
[[nodiscard]] std::optional<std::string> what_is_wrong(const FileFacts& file, const Request& request,
                                                       NodeId node);
[[nodiscard]] tools::Failure in_the_way(const std::vector<const FileFacts*>& files, const Request& request,
                                        NodeId node);

}  // namespace file_init
