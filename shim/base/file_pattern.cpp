#include "shim/base/file_pattern.h"

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

std::optional<FilePattern> FilePattern::parse(std::string_view pattern) noexcept {
    constexpr std::string_view kAllFiles = "/*";
    if (pattern.ends_with(kAllFiles)) {
        pattern.remove_suffix(kAllFiles.size());
    }
    FilePattern result;
    result.text_.append(pattern);
    if (result.text_.truncated() || pattern.find(kPlaceholder) == std::string_view::npos) {
        return std::nullopt;
    }
    return result;
}

std::optional<FilePattern> FilePattern::in_folder(std::string_view folder) noexcept {
    Path pattern(folder);
    pattern.append("/numa_").append(kPlaceholder);
    if (folder.empty() || pattern.truncated()) {
        return std::nullopt;
    }
    return parse(pattern.view());
}

Path FilePattern::path_of(NodeId node) const noexcept {
    Path path;
    std::string_view rest = text_.view();
    for (std::size_t at; (at = rest.find(kPlaceholder)) != std::string_view::npos;) {
        append(path, take(rest, at), node.value);
        rest.remove_prefix(at + kPlaceholder.size());
    }
    return path.append(rest);
}

std::size_t FilePattern::name_begin() const noexcept {
    const std::size_t slash = take(text_.view(), text_.view().find(kPlaceholder)).rfind('/');
    return slash == std::string_view::npos ? 0 : slash + 1;
}

Path FilePattern::searched_folder() const noexcept {
    const std::size_t begin = name_begin();
    return begin == 0 ? Path(".") : Path(take(text_.view(), begin));
}

Status FilePattern::for_each_node(FunctionRef<void(NodeId node)> visit) const noexcept {
    // A name in the searched folder is a node's if writing that node's number into the pattern gives the
    // name.
    const Path folder = searched_folder();
    const std::size_t placeholder = text_.view().find(kPlaceholder);
    const std::size_t begin = name_begin();
    const std::string_view head = slice(text_.view(), begin, placeholder - begin);
    const auto written_as = [&](NodeId node, std::string_view name) {
        const Path path = path_of(node);
        const std::string_view from_name = drop(path.view(), begin);
        return take(from_name, from_name.find('/')) == name;
    };
    return for_each_entry(folder.c_str(), [&](std::string_view name) {
        if (!name.starts_with(head)) {
            return;
        }
        for (std::size_t digits = 1; head.size() + digits <= name.size(); ++digits) {
            const auto number = parse_number(slice(name, head.size(), digits), kMaxNodes - 1);
            if (!number) {
                return;
            }
            const NodeId node{static_cast<int>(*number)};
            if (written_as(node, name)) {
                visit(node);
                return;
            }
        }
    });
}

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
