#include "tools/pool/environment.h"

#include "tools/common/failure.h"
#include "tools/common/log.h"

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

bool is_of(std::string_view entry, std::string_view name) {
    return entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=';
}

std::string_view file_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

bool is_file(const std::string& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
}

}  // namespace

std::vector<std::string> words_of(std::string_view text, std::string_view separators) {
    std::vector<std::string> words;
    for (std::size_t begin = text.find_first_not_of(separators); begin != std::string_view::npos;
         begin = text.find_first_not_of(separators, begin)) {
        const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
        words.emplace_back(text.substr(begin, end - begin));
        begin = end;
    }
    return words;
}

std::vector<char*> as_list(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (const std::string& word : words) {
        pointers.push_back(const_cast<char*>(word.c_str()));
    }
    pointers.push_back(nullptr);
    return pointers;
}

Environment Environment::own() {
    Environment environment;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        environment.entries_.emplace_back(*entry);
    }
    return environment;
}

Environment Environment::of_process(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    Environment environment;
    for (std::string entry; std::getline(file, entry, '\0');) {
        environment.entries_.push_back(entry);
    }
    if (file.bad() || !file.is_open()) {
        throw tools::system_failure("read " + path, errno != 0 ? errno : EACCES,
                                    "ask as root or as the process's user");
    }
    return environment;
}

const char* Environment::find(std::string_view name) const {
    const auto entry = std::ranges::find_if(entries_, [&](const auto& one) { return is_of(one, name); });
    return entry == entries_.end() ? nullptr : entry->c_str() + name.size() + 1;
}

std::string Environment::value(std::string_view name) const {
    const char* text = find(name);
    return text != nullptr ? text : "";
}

Variables Environment::variables() const {
    return [this](const std::string& name) {
        const char* value = find(name);
        return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
    };
}

void Environment::set(const std::string& name, const std::string& value) {
    remove(name);
    entries_.push_back(name + "=" + value);
}

void Environment::remove(std::string_view name) {
    std::erase_if(entries_, [&](const auto& entry) { return is_of(entry, name); });
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
    const std::string_view name = heap ? kHeapLibrary : kLibrary;
    std::vector<std::string> places;
    if (!given.empty()) {
        places = {fs::absolute(given).lexically_normal().string()};
    }
    for (const std::string_view folder : kLibraryFolders) {
        if (given.empty()) {
            places.push_back(
                (fs::path(executable).parent_path() / folder / name).lexically_normal().string());
        }
    }
    const auto found = std::ranges::find_if(places, is_file);
    if (found == places.end()) {
        tools::refuse(tools::printable(
            !given.empty() ? fmt::format("--library: there is no file {}.", given)
                           : fmt::format("find {}: it is at none of {}; name it with --library.", name,
                                         fmt::join(places, ", "))));
    }
    if (found->find_first_of(": \t\n") != std::string::npos) {
        tools::refuse(
            fmt::format("preload {}: the loader separates names at blanks and colons; put the "
                        "library where the path has none, and name it with --library.",
                        tools::printable(*found)));
    }
    return *found;
}

std::string own_executable() {
    std::error_code error;
    const fs::path path = fs::read_symlink("/proc/self/exe", error);
    if (error) {
        throw tools::system_failure("read /proc/self/exe", error.value());
    }
    return path.string();
}

}  // namespace ctl
