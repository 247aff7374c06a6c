#include "shim/request/node_folder.h"

#include "shim/base/sys.h"
#include "shim/base/text.h"
#include "shim/base/text_file.h"

#include <algorithm>
#include <cerrno>

namespace hugepage {
namespace {

// The kernel would follow a link that a slash stands behind.
std::string_view without_closing_slashes(std::string_view path) noexcept {
    return take(path, std::max<std::size_t>(path.find_last_not_of('/') + 1, 1));
}

}  // namespace

NodeFolder::NodeFolder(std::string_view path) noexcept
    : path_(without_closing_slashes(path)),
      folder_path_(path_.view()),
      only_name_(""),
      opened_(open(path_.c_str())) {
    if (opened_ || opened_.error().code != ENOTDIR) {
        return;
    }
    const std::size_t name = path_.view().rfind('/') + 1;  // 0 if there is no slash
    folder_path_ = name == 0 ? "." : without_closing_slashes(take(path_.view(), name));
    only_name_ = path_.c_str() + name;
    opened_ = open(Path(folder_path_).c_str());
}

NodeFolder::NodeFolder(const FilePattern& pattern, NodeId node) noexcept
    : NodeFolder(pattern.path_of(node).view()) {}

Status NodeFolder::open(const char* path) noexcept {
    auto folder = Fd::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!folder) {
        struct stat facts {};
        const bool is_link = folder.error().code == ENOTDIR && sys::fstatat(AT_FDCWD, path, facts) == 0 &&
                             S_ISLNK(facts.st_mode);
        return is_link ? Error{"open", ELOOP} : folder.error();
    }
    folder_ = std::move(folder.value());
    return Done{};
}

Status NodeFolder::for_each_name_until(FunctionRef<bool(const char* name)> is_last) const noexcept {
    if (only_name_[0] != '\0') {
        is_last(only_name_);
        return Done{};
    }
    return for_each_entry_until(
        folder_, [&](std::string_view name) { return !name.starts_with('.') && is_last(name.data()); });
}

}  // namespace hugepage
