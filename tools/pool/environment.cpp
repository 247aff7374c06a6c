#include "tools/pool/environment.h"

#include "tools/common/command_line.h"
#include "tools/common/failure.h"
#include "tools/common/processes.h"
#include "tools/common/values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

namespace ctl {
namespace {

namespace fs = std::filesystem;

// From hugepagectl's folder. Debian has a folder for each architecture; Fedora has lib64.
constexpr std::string_view kLibraryFolders[] = {
    "../..",  // BUILD/tools/ctl
#ifdef __aarch64__
    "../lib/aarch64-linux-gnu",
#else
    "../lib/x86_64-linux-gnu",
#endif
    "../lib64",
    "../lib",
};

constexpr std::string_view kPreloadSeparators = ": ";

// "NAME=value"; of several of one name the first counts, as for getenv(3).
void enter(std::string_view entry, Environment& environment) {
    if (const std::size_t equals = entry.find('='); equals != std::string_view::npos) {
        environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
}

std::string_view file_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

bool is_file(const std::string& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
}

}  // namespace

Environment own_environment() {
    Environment environment;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        enter(*entry, environment);
    }
    return environment;
}

Environment environment_of(pid_t pid, const std::string& proc) {
    const std::string path = fmt::format("{}/{}/environ", proc, pid);
    std::ifstream file(path, std::ios::binary);
    const int error = errno;
    Environment environment;
    for (std::string entry; std::getline(file, entry, '\0');) {
        enter(entry, environment);
    }
    if (!file.is_open()) {
        throw tools::unreadable(pid, path, error);
    }
    return environment;
}

std::string value_of(const Environment& environment, const std::string& name) {
    const auto found = environment.find(name);
    return found != environment.end() ? found->second : "";
}

bool names_library(std::string_view value, std::string_view library) {
    return std::ranges::any_of(tools::words_of(value, kPreloadSeparators),
                               [&](const std::string& name) { return file_name(name) == library; });
}

std::string with_library(const std::string& value, const std::string& path) {
    std::string all = path;
    for (const std::string& name : tools::words_of(value, kPreloadSeparators)) {
        if (name != path && file_name(name) != kLibrary && file_name(name) != kHeapLibrary) {
            all += ":" + name;
        }
    }
    return all;
}

bool needs_heap(const Environment& environment) {
    return value_of(environment, "FIL_PROOFS_USE_MULTICORE_SDR") != "1";
}

std::string find_library(const std::string& given, bool heap, const std::string& executable) {
    const std::string_view name = heap ? kHeapLibrary : kLibrary;
    std::vector<std::string> places;
    for (const std::string_view folder : kLibraryFolders) {
        places.push_back((fs::path(executable).parent_path() / folder / name).lexically_normal());
    }
    if (!given.empty()) {
        places = {fs::absolute(given).lexically_normal()};
    }
    const auto found = std::ranges::find_if(places, is_file);
    if (found == places.end()) {
        tools::refuse(!given.empty() ? fmt::format("--library: there is no file {}.", given)
                                     : fmt::format("find {}: it is at none of {}; name it with --library.",
                                                   name, fmt::join(places, ", ")));
    }
    if (found->find_first_of(": \t\n") != std::string::npos) {
        tools::refuse(
            "preload {}: the loader separates names at blanks and colons; put the "
            "library where the path has none, and name it with --library.",
            *found);
    }
    return *found;
}

std::string own_executable() {
    return fs::read_symlink("/proc/self/exe");
}

}  // namespace ctl
