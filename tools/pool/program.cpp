#include "tools/pool/program.h"

#include "shim/base/fd.h"
#include "tools/pool/environment.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

namespace ctl {
namespace {

constexpr int kMostInterpreters = 5;  // as many as the kernel follows

// errno; 0 if it can be executed.
int check_runnable(const std::string& path) {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) {
        return errno;
    }
    return S_ISREG(facts.st_mode) && ::access(path.c_str(), X_OK) == 0 ? 0 : EACCES;
}

// As execvp(3) looks; errno if there is none.
int find_file(const std::string& name, const std::string& search, std::string& path) {
    int error = ENOENT;
    const auto look_at = [&](const std::string& candidate) {
        const int found = check_runnable(candidate);
        if (error != 0 && (found == 0 || (found == EACCES && path.empty()))) {
            path = candidate;
            error = found;
        }
    };
    path.clear();
    if (name.find('/') != std::string::npos) {
        look_at(name);
    } else {
        for (std::size_t begin = 0; begin <= search.size();) {
            const std::size_t end = std::min(search.find(':', begin), search.size());
            look_at((end == begin ? "." : search.substr(begin, end - begin)) + "/" + name);
            begin = end + 1;
        }
    }
    return error;
}

// The words after #!, or none.
std::vector<std::string> first_line_of_script(int fd) {
    std::array<char, 256> text{};  // as much as the kernel looks at
    const ssize_t length = ::pread(fd, text.data(), text.size(), 0);
    const std::string_view start(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    return start.starts_with("#!") ? words_of(start.substr(2, start.find('\n') - 2), " \t\r")
                                   : std::vector<std::string>{};
}

// What env is told to start: the first word that is neither an option nor an assignment.
std::string started_by_env(const std::vector<std::string>& words) {
    const auto started = std::find_if(words.begin() + 1, words.end(), [](const std::string& word) {
        return !word.starts_with('-') && word.find('=') == std::string::npos;
    });
    return started != words.end() ? *started : "";
}

void look_at_executable(Program& program, int fd) {
    struct stat facts {};
    if (::fstat(fd, &facts) != 0) {
        program.error = errno;
        return;
    }
    program.sets_user = (facts.st_mode & S_ISUID) != 0;
    program.sets_group = (facts.st_mode & S_ISGID) != 0 && (facts.st_mode & S_IXGRP) != 0;
    program.owner = facts.st_uid;
    program.group = facts.st_gid;
    program.has_capabilities = ::fgetxattr(fd, "security.capability", nullptr, 0) > 0;
    program.elf = read_elf([fd](std::uint64_t offset, std::span<std::byte> into) {
        const ssize_t length = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
        return static_cast<std::size_t>(std::max<ssize_t>(length, 0));
    });
}

}  // namespace

Program look_at_program(const std::string& name, const std::string& search) {
    Program program;
    program.name = name;
    program.error = find_file(name, search, program.path);
    program.executable = program.path;
    for (int interpreters = 0; program.error == 0; ++interpreters) {
        const auto file = hugepage::Fd::open(program.executable.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (!file) {
            program.error = file.error().code;
            return program;
        }
        const auto words = first_line_of_script(file.value().get());
        if (words.empty()) {
            look_at_executable(program, file.value().get());
            return program;
        }
        if (interpreters == kMostInterpreters) {
            program.error = ELOOP;
            return program;
        }
        const std::string started = words.front().ends_with("/env") ? started_by_env(words) : "";
        program.interpreter = started.empty() ? words.front() : started;
        program.error = find_file(program.interpreter, search, program.executable);
    }
    return program;
}

}  // namespace ctl
