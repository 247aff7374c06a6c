// Where the pool's files are: a path with the node's number left open, and the folder of one node, open.
#pragma once

#include "shim/base/fd.h"
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

// The folder of one node's files, open: what is listed, looked at and opened is in this one folder, whatever
// happens to its path meanwhile.
//
// Where the path is a file's, this is the folder that the file is in, as if nothing else were there. The last
// name of the path may not be a link: that is ELOOP.
class NodeFolder {
  public:
    explicit NodeFolder(std::string_view path) noexcept;
    NodeFolder(const FilePattern& pattern, NodeId node) noexcept;
    NodeFolder(const NodeFolder&) = delete;
    NodeFolder& operator=(const NodeFolder&) = delete;

    [[nodiscard]] const Status& opened() const noexcept { return opened_; }
    [[nodiscard]] std::string_view path() const noexcept { return folder_path_; }
    // The file's, if the path is one; else empty.
    [[nodiscard]] const char* only_name() const noexcept { return only_name_; }

    // Only when opened, as the next.
    [[nodiscard]] int fd() const noexcept { return folder_.get(); }
    [[nodiscard]] bool has_its_descriptor() const noexcept { return folder_.has_its_file(); }
    // Calls for each name that doesn't begin with a dot, in the kernel's order, until it gives true.
    [[nodiscard]] Status for_each_name_until(FunctionRef<bool(const char* name)> is_last) const noexcept;

  private:
    [[nodiscard]] Status open(const char* path) noexcept;

    Path path_;
    std::string_view folder_path_;
    const char* only_name_;
    Fd folder_;
    Status opened_;
};

}  // namespace hugepage
