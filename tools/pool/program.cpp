#include "tools/pool/program.h"

#include "shim/base/fd.h"
#include "tools/common/values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <vector>

namespace ctl {
namespace {

struct Found {
    std::string path;
    int error = ENOENT;
};
// As execvp(3) looks.
Found find_file(const std::string& name, const std::string& search) {
    std::vector<std::string> candidates;
    if (name.find('/') != std::string::npos) {
        candidates = {name};
    } else {
        for (const std::string& folder : tools::words_of(search.empty() ? "/bin:/usr/bin" : search, ":")) {
            candidates.push_back(folder + "/" + name);
        }
    }
    Found found{.path = name};
    for (const std::string& candidate : candidates) {
        std::error_code error;
        const bool is_file = std::filesystem::is_regular_file(candidate, error);
        if (is_file && ::access(candidate.c_str(), X_OK) == 0) {
            return {candidate, 0};
        }
        if (found.error == ENOENT && (is_file || error == std::errc::permission_denied)) {
            found = {candidate, EACCES};
        }
    }
    return found;
}

// What a script's first line has started: its interpreter, or what env is told to start. Empty if it is none.
std::string started_by_script(int fd) {
    std::array<char, 256> text{};  // as much as the kernel looks at
    const ssize_t length = ::pread(fd, text.data(), text.size(), 0);
    const std::string_view start(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    if (!start.starts_with("#!")) {
        return {};
    }
    const auto words = tools::words_of(start.substr(2, start.find('\n') - 2), " \t\r");
    if (words.empty() || !words.front().ends_with("/env")) {
        return words.empty() ? "" : words.front();
    }
    const auto started = std::find_if(words.begin() + 1, words.end(), [](const std::string& word) {
        return !word.starts_with('-') && word.find('=') == std::string::npos;
    });
    return started != words.end() ? *started : words.front();
}

std::string privileges_of(int fd) {
    std::vector<const char*> has;
    struct stat facts {};
    if (::fstat(fd, &facts) == 0 && (facts.st_mode & S_ISUID) != 0) {
        has.push_back("setuid");
    }
    if ((facts.st_mode & S_ISGID) != 0 && (facts.st_mode & S_IXGRP) != 0) {
        has.push_back("setgid");
    }
    if (::fgetxattr(fd, "security.capability", nullptr, 0) > 0) {
        has.push_back("file capabilities");
    }
    return fmt::format("{}", fmt::join(has, ", "));
}

}  // namespace

Program look_at_program(const std::string& name, const std::string& search) {
    constexpr int kMostInterpreters = 5;  // as many as the kernel follows
    Found found = find_file(name, search);
    Program program;
    program.path = found.path;
    for (int interpreters = 0;; ++interpreters) {
        program.executable = found.path;
        program.error = interpreters > kMostInterpreters ? ELOOP : found.error;
        if (program.error != 0) {
            return program;
        }
        const auto file = hugepage::Fd::open(found.path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (!file) {
            program.error = file.error().code;
            return program;
        }
        const std::string started = started_by_script(file.value().get());
        if (started.empty()) {
            program.elf = read_elf(file.value().get());
            program.privileges = privileges_of(file.value().get());
            program.maps_files_itself = has_text(file.value().get(), "HUGEPAGE_FILES_PATH") &&
                                        !has_text(file.value().get(), "libhugepage_shim");
            return program;
        }
        found = find_file(started, search);
    }
}

}  // namespace ctl
