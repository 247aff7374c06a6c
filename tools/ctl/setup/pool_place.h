// --path and --path-pattern, which setup and remove take alike.
#pragma once

#include "shim/base/file_pattern.h"

#include <string>

namespace ctl {

struct PoolPlace {
    hugepage::FilePattern pattern;
    std::string folder;  // in which the nodes' folders are: absolute, without links
    std::string option;  // "--path DIR", quoted, to type
};

// Exactly one of the two is to be given; the pattern wins. Throws tools::Failure (usage).
[[nodiscard]] PoolPlace pool_place(const std::string& path, const std::string& pattern);

}  // namespace ctl
