#include "bench/support/worker.h"

#include "bench/support/benchmarks.h"

#include <spawn.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string_view>

namespace bench {
namespace {

constexpr const char* kAsWorker = "--as-worker";
constexpr std::string_view kError = "error ";

std::vector<std::string> variables(const Environment& added) {
    std::vector<std::string> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        if (!text.starts_with("LD_PRELOAD=") && !text.starts_with("HUGEPAGE_")) {
            all.emplace_back(text);
        }
    }
    for (const auto& [name, value] : added) {
        all.push_back(name + "=" + value);
    }
    return all;
}

std::array<int, 2> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw Missing(std::string("pipe: ") + std::strerror(errno));
    }
    return ends;
}

}  // namespace

Worker::Worker(const Environment& environment) {
    std::vector<std::string> texts = variables(environment);
    std::vector<char*> entries;
    for (auto& text : texts) {
        entries.push_back(text.data());
    }
    entries.push_back(nullptr);
    std::string program = std::filesystem::read_symlink("/proc/self/exe");
    std::string argument = kAsWorker;
    std::array<char*, 3> arguments{program.data(), argument.data(), nullptr};

    const auto in = make_pipe();
    const auto out = make_pipe();
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    const int code =
        ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), entries.data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    to_ = in[1];
    from_ = out[0];
    if (code != 0) {
        ::close(to_);
        ::close(from_);
        throw Missing("start " + program + ": " + std::strerror(code));
    }
}

Worker::~Worker() {
    ::close(to_);
    ::close(from_);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

void Worker::tell(const std::string& line) const {
    const std::string text = line + '\n';
    if (::write(to_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        throw Missing("a process that was to measure takes no orders");
    }
}

std::string Worker::hear() const {
    std::string text;
    std::array<char, 4096> buffer;
    while (!text.ends_with('\n')) {
        const ssize_t got = ::read(from_, buffer.data(), buffer.size());
        if (got <= 0) {
            throw Missing("a process that was to measure has ended");
        }
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    text.pop_back();
    if (text.starts_with(kError)) {
        throw Missing(text.substr(kError.size()));
    }
    return text;
}

std::vector<double> Worker::hear_numbers() const {
    std::istringstream text(hear());
    std::vector<double> values;
    for (double value = 0; text >> value;) {
        values.push_back(value);
    }
    return values;
}

bool was_worker(int argc, char** argv, const std::function<std::string(const Words&)>& answer) {
    if (argc != 2 || std::string_view(argv[1]) != kAsWorker) {
        return false;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream text(line);
        Words words;
        for (std::string word; text >> word;) {
            words.push_back(word);
        }
        try {
            std::cout << answer(words) << std::endl;
        } catch (const std::exception& failure) {
            std::cout << kError << failure.what() << std::endl;
        }
    }
    return true;
}

std::string library(const std::string& file_name) {
    const auto path = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / file_name;
    if (!std::filesystem::exists(path)) {
        throw Missing(path.string() + " isn't built");
    }
    return path;
}

std::string numbers(const std::vector<double>& values) {
    std::string text;
    for (const double value : values) {
        std::array<char, 32> digits;
        auto* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        text.append(digits.data(), end).append(" ");
    }
    return text;
}

}  // namespace bench
