// Where the pool's files are: a path with the node's number left open.
#pragma once

#include "shim/base/function_ref.h"
#include "shim/base/ids.h"
#include "shim/base/result.h"
#include "shim/base/text.h"

#include <optional>
#include <string_view>

namespace hugepage {

// A path in which $NUMA_NODE_INDEX stands for a node's number; every other character means itself. The path
// names a folder whose files are the node's, or a single file. (A closing "/*", as the fork's users may have
// it, says the same as no closing.)
class FilePattern {
  public:
    static constexpr std::string_view kPlaceholder = "$NUMA_NODE_INDEX";

    FilePattern() = default;

    // Nothing if the placeholder isn't in it, or it is longer than a path may be.
    [[nodiscard]] static std::optional<FilePattern> parse(std::string_view pattern) noexcept;
    // <folder>/numa_$NUMA_NODE_INDEX.
    [[nodiscard]] static std::optional<FilePattern> in_folder(std::string_view folder) noexcept;

    [[nodiscard]] std::string_view text() const noexcept { return text_.view(); }

    // The pattern with the node's number in every place of the placeholder.
    [[nodiscard]] Path path_of(NodeId node) const noexcept;

    // Calls for each node that has a path, in no order. A number written otherwise than in plain decimal
    // ("numa_00") or not below kMaxNodes is no node. Fails if the folder that holds the numbered names can't
    // be listed; searched_folder() is its path.
    [[nodiscard]] Status for_each_node(FunctionRef<void(NodeId node)> visit) const noexcept;
    [[nodiscard]] Path searched_folder() const noexcept;

  private:
    // Where the name that holds the first placeholder begins.
    [[nodiscard]] std::size_t name_begin() const noexcept;

    Path text_;
};

}  // namespace hugepage
