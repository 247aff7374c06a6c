#include "tests/support/temp_dir.h"

#include <stdlib.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace tests {

TempDir::TempDir(const std::filesystem::path& parent) {
    std::string name = (parent / "hugepage-test-XXXXXX").string();
    std::array<int, 2> lifeline{};
    if (::mkdtemp(name.data()) == nullptr || ::pipe2(lifeline.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("mkdtemp " + name);
    }
    path_ = name;
    guardian_ = ::fork();
    if (guardian_ == 0) {
        ::setsid();
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
            ::signal(signal, SIG_IGN);
        }
        // It must not hold the lifelines of others.
        ::dup2(lifeline[0], STDIN_FILENO);
        ::closefrom(STDIN_FILENO + 1);
        char byte = 0;
        while (::read(STDIN_FILENO, &byte, 1) < 0) {
        }
        // What is still mounted there would be in the way.
        constexpr const char* kScript = "umount -l \"$0\"/* 2>/dev/null; rm -rf --one-file-system \"$0\"";
        ::execl("/bin/sh", "sh", "-c", kScript, name.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(lifeline[0]);
    lifeline_ = lifeline[1];
}

TempDir::~TempDir() {
    ::close(lifeline_);
    ::waitpid(guardian_, nullptr, 0);
}

std::filesystem::path TempDir::write(std::string_view name, std::string_view content) const {
    const auto path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path;
}

std::string read_file(const std::filesystem::path& path) {
    std::ostringstream content;
    content << std::ifstream(path, std::ios::binary).rdbuf();
    return content.str();
}

}  // namespace tests
