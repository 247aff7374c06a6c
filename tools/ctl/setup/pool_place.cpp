#include "tools/ctl/setup/pool_place.h"

#include "tools/common/failure.h"
#include "tools/common/values.h"
#include "tools/common/wording.h"

#include <fmt/format.h>

#include <filesystem>

namespace ctl {
namespace {

using hugepage::FilePattern;

// Mounts are known by the paths that the kernel has for them.
std::string without_links(const std::string& path) {
    std::error_code error;
    const auto result = std::filesystem::weakly_canonical(std::filesystem::absolute(path), error);
    return tools::without_idle_slashes(error ? path : result.string());
}

}  // namespace

PoolPlace pool_place(const std::string& path, const std::string& pattern) {
    if (path.empty() && pattern.empty()) {
        tools::refuse("--path or --path-pattern is needed.");
    }
    PoolPlace place;
    std::string text;
    if (!pattern.empty()) {
        const std::string clean = tools::without_idle_slashes(pattern);
        const std::size_t placeholder = clean.find(FilePattern::kPlaceholder);
        if (placeholder == std::string::npos) {
            tools::refuse(fmt::format(
                "--path-pattern: '{}' lacks $NUMA_NODE_INDEX (quote it: '$NUMA_NODE_INDEX').", pattern));
        }
        const std::size_t slash = clean.substr(0, placeholder).rfind('/');
        const std::string head = slash == std::string::npos ? "." : clean.substr(0, slash + 1);
        const std::string name = slash == std::string::npos ? clean : clean.substr(slash + 1);
        place.folder = without_links(head);
        text = (place.folder == "/" ? "" : place.folder) + "/" + name;
        place.option = "--path-pattern " + tools::quoted(text);
    } else {
        place.folder = without_links(path);
        text = (place.folder == "/" ? "" : place.folder) + "/numa_" + std::string(FilePattern::kPlaceholder);
        place.option = "--path " + tools::quoted(place.folder);
    }
    const auto parsed = FilePattern::parse(text);
    if (!parsed) {
        tools::refuse(
            fmt::format("{}: '{}' is too long.", pattern.empty() ? "--path" : "--path-pattern", text));
    }
    place.pattern = *parsed;
    return place;
}

}  // namespace ctl
