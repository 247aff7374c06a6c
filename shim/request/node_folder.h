// The folder of one node's files, open: what is listed, looked at and opened is in this one folder, whatever
// happens to its path meanwhile.
#pragma once

#include "shim/base/fd.h"
#include "shim/base/file_pattern.h"
#include "shim/base/function_ref.h"
#include "shim/base/ids.h"
#include "shim/base/result.h"
#include "shim/base/text.h"

#include <string_view>

namespace hugepage {

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
