#include "tools/ctl/program/preload.h"

#include "tools/common/failure.h"
#include "tools/ctl/base/output.h"
#include "tools/ctl/base/parts.h"

#include <fmt/format.h>

#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <filesystem>

namespace ctl {
namespace {

// From hugepagectl's folder. Debian has a folder for each architecture; Fedora has lib64.
constexpr std::array<std::string_view, 4> kLibraryFolders = {
    "../..",  // BUILD/tools/ctl
#ifdef __aarch64__
    "../lib/aarch64-linux-gnu",
#else
    "../lib/x86_64-linux-gnu",
#endif
    "../lib64",
    "../lib",
};

std::string_view file_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

bool is_file(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored);
}

}  // namespace

std::string preloadable(const std::string& path) {
    if (path.find_first_of(": \t\n") != std::string::npos) {
        throw tools::Failure(
            tools::ExitCode::usage,
            fmt::format("preload {}: the loader separates names at blanks and colons; put the "
                        "library where the path has none, and name it with --library.",
                        printable(path)));
    }
    return path;
}

std::vector<std::string> library_places(const std::string& program, bool heap) {
    const std::filesystem::path folder = std::filesystem::path(program).parent_path();
    std::vector<std::string> places;
    for (const std::string_view from_program : kLibraryFolders) {
        places.push_back(
            (folder / from_program / (heap ? kHeapLibrary : kLibrary)).lexically_normal().string());
    }
    return places;
}

std::vector<std::string> preloaded_names(std::string_view value) {
    return words_of(value, ": ");
}

bool names_library(std::string_view value, std::string_view library) {
    return std::ranges::any_of(preloaded_names(value),
                               [&](const std::string& name) { return file_name(name) == library; });
}

std::string with_library(const std::string& value, const std::string& path) {
    std::string all = path;
    for (const std::string& name : preloaded_names(value)) {
        if (name != path && file_name(name) != kLibrary && file_name(name) != kHeapLibrary) {
            all += ":" + name;
        }
    }
    return all;
}

bool needs_heap(const Environment& environment) {
    return environment.value("FIL_PROOFS_USE_MULTICORE_SDR") != "1";
}

std::string find_library(const std::string& given, bool heap, const std::string& executable) {
    namespace fs = std::filesystem;
    if (!given.empty()) {
        if (!is_file(given)) {
            throw tools::Failure(tools::ExitCode::usage,
                                 fmt::format("--library: there is no file {}.", printable(given)));
        }
        return preloadable(fs::absolute(given).lexically_normal().string());
    }
    const std::vector<std::string> places = library_places(executable, heap);
    const auto found = std::ranges::find_if(places, is_file);
    if (found == places.end()) {
        std::string folders;
        for (const std::string& place : places) {
            folders += (folders.empty() ? "" : ", ") + fs::path(place).parent_path().string();
        }
        throw tools::Failure(
            tools::ExitCode::usage,
            fmt::format("find {}: it is in none of these folders: {}; name it with --library.",
                        heap ? kHeapLibrary : kLibrary, printable(folders)));
    }
    return preloadable(*found);
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
