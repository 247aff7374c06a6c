#include "shim/core/executable.h"

#include <fnmatch.h>

#include <unistd.h>

#include <climits>
#include <cstddef>
#include <cstring>

namespace hugepage {

bool executable_matches(const char* glob) noexcept {
    char path[PATH_MAX];
    const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0) {
        return false;
    }
    path[length] = '\0';
    const char* name = path;
    if (std::strchr(glob, '/') == nullptr) {
        const char* slash = std::strrchr(path, '/');
        name = slash == nullptr ? path : slash + 1;
    }
    return ::fnmatch(glob, name, FNM_PATHNAME) == 0;
}

}  // namespace hugepage
