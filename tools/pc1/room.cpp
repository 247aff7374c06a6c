// Free space by statvfs.
#include "tools/pc1/room.h"

#include "tools/pc1/bad_input.h"

#include <sys/statvfs.h>
#include <system_error>

#include <cerrno>
#include <cstring>

namespace pc1 {
namespace {

namespace fs = std::filesystem;

fs::path nearest_existing(const fs::path& folder) {
    fs::path path = fs::absolute(folder);
    std::error_code ignored;
    while (!fs::exists(path, ignored) && path.has_relative_path()) {
        path = path.parent_path();
    }
    return path;
}

}  // namespace

std::uint64_t free_bytes(const fs::path& folder) {
    const fs::path existing = nearest_existing(folder);
    struct statvfs room {};
    if (statvfs(existing.c_str(), &room) != 0) {
        throw BadInput("look for room in " + existing.string() + ": " + std::strerror(errno));
    }
    return std::uint64_t{room.f_bavail} * room.f_frsize;
}

}  // namespace pc1
