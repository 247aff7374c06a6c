#include "shim/core/executable.h"

#include "shim/core/sys.h"

#include <fnmatch.h>

#include <climits>
#include <string_view>

namespace hugepage {

bool executable_matches(const char* glob) noexcept {
    char path[PATH_MAX];
    const ssize_t length = sys::readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0) {
        return false;
    }
    path[length] = '\0';
    const bool of_the_whole_path = std::string_view(glob).find('/') != std::string_view::npos;
    const std::size_t name = of_the_whole_path ? 0 : std::string_view(path).rfind('/') + 1;
    return ::fnmatch(glob, path + name, FNM_PATHNAME) == 0;
}

}  // namespace hugepage
