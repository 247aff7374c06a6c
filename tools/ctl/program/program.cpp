#include "tools/ctl/program/program.h"

#include "shim/core/fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace ctl {
namespace {

constexpr std::size_t kMostInterpreters = 5;  // as many as the kernel follows

bool is_runnable_file(const std::string& path) {
    struct stat facts {};
    return ::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

// As execvp(3) looks; errno if there is none.
int find_file(const std::string& name, std::string_view search, std::string& path) {
    if (name.find('/') != std::string::npos) {
        path = name;
        struct stat facts {};
        if (::stat(name.c_str(), &facts) != 0) {
            path.clear();
            return errno;
        }
        return is_runnable_file(name) ? 0 : EACCES;
    }
    int error = ENOENT;
    for (std::size_t begin = 0; begin <= search.size();) {
        const std::size_t end = std::min(search.find(':', begin), search.size());
        const std::string folder(search.substr(begin, end - begin));
        const std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
        if (is_runnable_file(candidate)) {
            path = candidate;
            return 0;
        }
        struct stat facts {};
        if (path.empty() && ::stat(candidate.c_str(), &facts) == 0 && S_ISREG(facts.st_mode)) {
            path = candidate;
            error = EACCES;
        }
        begin = end + 1;
    }
    return error;
}

std::vector<std::string> words_of(std::string_view line) {
    constexpr std::string_view kBlanks = " \t\r";
    std::vector<std::string> words;
    for (std::size_t begin = line.find_first_not_of(kBlanks); begin != std::string_view::npos;
         begin = line.find_first_not_of(kBlanks, begin)) {
        const std::size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
        words.emplace_back(line.substr(begin, end - begin));
        begin = end;
    }
    return words;
}

// The words after #!, or none.
std::vector<std::string> first_line_of_script(int fd) {
    std::array<char, 256> text{};  // as much as the kernel looks at
    const ssize_t length = ::pread(fd, text.data(), text.size(), 0);
    const std::string_view start(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
    if (!start.starts_with("#!")) {
        return {};
    }
    return words_of(start.substr(2, std::min(start.find('\n'), start.size()) - 2));
}

// What env is told to start: the first word that is neither an option nor an assignment.
std::string started_by_env(const std::vector<std::string>& words) {
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (!words[i].starts_with('-') && words[i].find('=') == std::string::npos) {
            return words[i];
        }
    }
    return {};
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
    const auto read = [fd](std::uint64_t offset, std::span<std::byte> into) {
        std::size_t done = 0;
        while (done < into.size()) {
            const ssize_t part =
                ::pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
            if (part <= 0) {
                break;
            }
            done += static_cast<std::size_t>(part);
        }
        return done;
    };
    program.elf = read_elf({static_cast<std::uint64_t>(facts.st_size), read});
}

}  // namespace

Program look_at_program(const std::string& name, const std::string& search) {
    Program program;
    program.name = name;
    program.error = find_file(name, search, program.path);
    if (program.error != 0) {
        return program;
    }
    program.executable = program.path;
    for (;;) {
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
        if (program.interpreters.size() >= kMostInterpreters) {
            program.error = ELOOP;
            return program;
        }
        program.interpreters.push_back(words.front());
        program.executable = words.front();
        const std::string started = words.front().ends_with("/env") ? started_by_env(words) : "";
        if (!started.empty()) {
            program.interpreters.push_back(started);
            program.error = find_file(started, search, program.executable);
        } else if (!is_runnable_file(program.executable)) {
            program.error = ENOENT;
        }
        if (program.error != 0) {
            return program;
        }
    }
}

}  // namespace ctl
