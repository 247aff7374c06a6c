// A program whose system calls a test sees before they are made.
#pragma once

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

struct Call {
    pid_t caller;
    std::uint64_t number;
    std::uint64_t arguments[6];

    // Of an argument that is a path.
    [[nodiscard]] std::string text(int argument) const {
        std::array<char, PATH_MAX> text{};
        const std::uint64_t begin = arguments[argument];
        // No further than its page's end: what comes then may not be mapped.
        for (std::size_t length = 0, most = 0; length < text.size() - 1; length += most) {
            most = std::min<std::size_t>(4096 - (begin + length) % 4096, text.size() - 1 - length);
            const iovec here{text.data() + length, most};
            const iovec there{reinterpret_cast<void*>(begin + length), most};
            if (::process_vm_readv(caller, &here, 1, &there, 1, 0) != static_cast<ssize_t>(most) ||
                std::string_view(text.data() + length, most).find('\0') != std::string_view::npos) {
                break;
            }
        }
        return text.data();
    }
};

// Runs it, and shows each call of its first thread, until one is to be the last: before that it is sent the
// signal. Its status in the end; nothing if no call was, and it ended well.
template <class IsLast>
std::optional<int> traced(const std::vector<std::string>& command, int to_send, const IsLast& is_last) {
    std::vector<std::string> words = command;
    std::vector<char*> argv;
    for (auto& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        const int nowhere = ::open("/dev/null", O_RDWR);
        ::dup2(nowhere, STDOUT_FILENO);
        ::dup2(nowhere, STDERR_FILENO);
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
    int signal = 0;
    for (;;) {
        ::ptrace(PTRACE_SYSCALL, child, nullptr, signal);
        ::waitpid(child, &status, 0);
        if (!WIFSTOPPED(status)) {
            EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            return std::nullopt;
        }
        const bool is_call = WSTOPSIG(status) == (SIGTRAP | 0x80);
        signal = is_call ? 0 : WSTOPSIG(status);
        __ptrace_syscall_info info{};
        if (!is_call || ::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) <= 0 ||
            info.op != PTRACE_SYSCALL_INFO_ENTRY) {
            continue;
        }
        Call call{child, info.entry.nr, {}};
        std::ranges::copy(info.entry.args, call.arguments);
        if (is_last(call)) {
            ::kill(child, to_send);
            ::ptrace(PTRACE_DETACH, child, nullptr, nullptr);
            ::waitpid(child, &status, 0);
            return status;
        }
    }
}

}  // namespace tests
