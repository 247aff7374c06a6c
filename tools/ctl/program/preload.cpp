#include "tools/ctl/program/preload.h"

#include "tools/common/failure.h"
#include "tools/ctl/base/output.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <filesystem>

namespace ctl {
namespace {

constexpr std::string_view kSeparators = ": ";

bool is_file(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored);
}

std::string checked(const std::string& path) {
    if (path.find_first_of(": \t\n") != std::string::npos) {
        throw tools::Failure(
            tools::ExitCode::usage,
            fmt::format("preload {}: the loader separates names at blanks and colons; put the "
                        "library where the path has none, and name it with --library.",
                        printable(path)));
    }
    return path;
}

}  // namespace

std::vector<std::string> preloaded_names(std::string_view value) {
    std::vector<std::string> names;
    for (std::size_t begin = value.find_first_not_of(kSeparators); begin != std::string_view::npos;
         begin = value.find_first_not_of(kSeparators, begin)) {
        const std::size_t end = std::min(value.find_first_of(kSeparators, begin), value.size());
        names.emplace_back(value.substr(begin, end - begin));
        begin = end;
    }
    return names;
}

bool names_library(std::string_view value, std::string_view library) {
    return std::ranges::any_of(preloaded_names(value), [&](const std::string& name) {
        return std::string_view(name).substr(name.rfind('/') + 1) == library;
    });
}

std::string with_library(const std::string& value, const std::string& path) {
    if (names_library(value, std::string_view(path).substr(path.rfind('/') + 1))) {
        return value;
    }
    return preloaded_names(value).empty() ? path : value + ":" + path;
}

std::string find_library(const std::string& given, bool heap, const std::string& executable) {
    namespace fs = std::filesystem;
    if (!given.empty()) {
        if (!is_file(given)) {
            throw tools::Failure(tools::ExitCode::usage,
                                 fmt::format("--library: there is no file {}.", printable(given)));
        }
        return checked(fs::absolute(given).lexically_normal().string());
    }
    const std::string_view name = heap ? kHeapLibrary : kLibrary;
    const fs::path folder = fs::path(executable).parent_path();
    const std::array<fs::path, 3> candidates = {
        folder / "../.." / name,                   // BUILD/tools/ctl/hugepagectl
        folder / CTL_LIBRARY_FROM_PROGRAM / name,  // installed, and moved as a whole
        fs::path(CTL_LIBRARY_FOLDER) / name,
    };
    for (const fs::path& candidate : candidates) {
        if (is_file(candidate.string())) {
            return checked(candidate.lexically_normal().string());
        }
    }
    throw tools::Failure(
        tools::ExitCode::usage,
        fmt::format("find {}: it is neither in {} nor beside this program; name it with --library.", name,
                    CTL_LIBRARY_FOLDER));
}

std::string own_executable() {
    std::array<char, PATH_MAX> path{};
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
    if (length <= 0) {
        throw tools::system_failure("read /proc/self/exe", errno);
    }
    return {path.data(), static_cast<std::size_t>(length)};
}

}  // namespace ctl
