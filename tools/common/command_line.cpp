#include "tools/common/command_line.h"

#include "tools/common/log.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <system_error>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace tools {
namespace {

void refuse_empty_values(CLI::App& app) {
    auto commands = app.get_subcommands();
    commands.push_back(&app);
    for (const CLI::App* command : commands) {
        for (const CLI::Option* option : command->get_options()) {
            if (option->count() > 0 && option->get_expected_max() > 0 && option->results().front().empty()) {
                refuse(option->get_name() + " needs a value, not an empty one.");
            }
        }
    }
}

// Letters that must be changed, left out, put in, or swapped with the next.
std::size_t distance(std::string_view one, std::string_view other) {
    std::vector<std::vector<std::size_t>> steps(one.size() + 1, std::vector<std::size_t>(other.size() + 1));
    for (std::size_t i = 0; i <= one.size(); ++i) {
        for (std::size_t j = 0; j <= other.size(); ++j) {
            if (i == 0 || j == 0) {
                steps[i][j] = i + j;
                continue;
            }
            const std::size_t differs = one[i - 1] == other[j - 1] ? 0 : 1;
            steps[i][j] = std::min({steps[i - 1][j] + 1, steps[i][j - 1] + 1, steps[i - 1][j - 1] + differs});
            if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1]) {
                steps[i][j] = std::min(steps[i][j], steps[i - 2][j - 2] + 1);
            }
        }
    }
    return steps.back().back();
}

// The word that the command line has too much; CLI11 calls all of them extras.
std::string unknown_word(const CLI::App& app, const std::string& word) {
    const auto commands = app.get_subcommands();
    if (word.starts_with('-')) {
        std::vector<std::string> names;
        for (const CLI::Option* option : (commands.empty() ? &app : commands.front())->get_options()) {
            for (const std::string& name : option->get_lnames()) {
                names.push_back("--" + name);
            }
        }
        const std::string name = word.substr(0, word.find('='));
        return "there is no option " + name + nearest_of(name, names);
    }
    if (!commands.empty() || app.get_require_subcommand_min() == 0) {
        return "'" + word + "' is one word too many.";
    }
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands({})) {
        if (!command->get_group().empty()) {
            names.push_back(command->get_name());
        }
    }
    return "there is no command '" + word + "'" + nearest_of(word, names);
}

// CLI11's own messages are for programmers.
std::string sentence(const CLI::App& app, const CLI::ParseError& error) {
    const std::string what = error.what();
    const std::string from_option = what.substr(std::min(what.find("--"), what.size()));
    const std::string first = from_option.substr(0, from_option.find_first_of(":, "));
    const auto extras = app.remaining(true);
    if (const auto word = std::ranges::find_if(extras, [](const auto& one) { return one != "--"; });
        word != extras.end()) {
        return unknown_word(app, *word);
    }
    if (error.get_name() == "RequiredError") {
        return first.empty() ? "a command is needed." : first + " is needed.";
    }
    if (error.get_name() == "ExcludesError") {
        return first + " and " + what.substr(what.rfind(' ') + 1) + " can't be given together.";
    }
    if (error.get_name() == "ArgumentMismatch") {
        return first +
               (what.find("missing") != std::string::npos || what.find("required") != std::string::npos
                    ? " needs a value."
                    : " takes one value, once.");
    }
    std::string text = what;
    std::ranges::replace(text, '\n', ' ');
    return text + ".";
}

}  // namespace

std::string nearest_of(std::string_view word, const std::vector<std::string>& candidates) {
    const auto nearest = std::ranges::min_element(
        candidates, {}, [&](const std::string& candidate) { return distance(word, candidate); });
    const bool is_near =
        nearest != candidates.end() && distance(word, *nearest) <= std::max<std::size_t>(2, word.size() / 3);
    return is_near ? "; did you mean '" + *nearest + "'?" : ".";
}

CLI::Option* add_option(CLI::App& app, const std::string& names, std::string& value, const char* value_name,
                        const std::string& help) {
    return app.add_option(names, value, help)->option_text(value_name);
}

std::optional<std::string> parse(CLI::App& app, int argc, const char* const* argv) {
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return app.help();
    } catch (const CLI::CallForVersion& version) {
        return std::string(version.what()) + "\n";
    } catch (const CLI::ParseError& error) {
        refuse(sentence(app, error));
    }
    refuse_empty_values(app);
    return std::nullopt;
}

Failure system_failure(const std::string& tried, int error, const std::string& advice) {
    std::string message = tried + ": " + std::generic_category().message(error);
    if (!advice.empty()) {
        message += "; " + advice;
    }
    return {exit_code_of(error), message};
}

void print(const std::string& text) {
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
        throw system_failure("write to stdout", errno);
    }
}

std::string quoted(const std::string& path) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,=";
    if (!path.empty() && path.find_first_not_of(kPlain) == std::string::npos) {
        return path;
    }
    // As bash, zsh and ksh read it, so that there is nothing in it that moves a terminal's cursor.
    const bool is_shown = printable(path) == path;
    std::string result = is_shown ? "'" : "$'";
    for (const char c : path) {
        if (c == '\'') {
            result += is_shown ? "'\\''" : "\\'";
        } else if (!is_shown && (c < ' ' || c > '~' || c == '\\')) {
            result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            result += c;
        }
    }
    return result + "'";
}

int run_main(const std::string& program, const std::function<ExitCode(std::string& help)>& run,
             const char* if_interrupted) {
    constexpr int kSignalBase = 128;
    start_log(program);
    std::string help = program;
    try {
        return static_cast<int>(run(help));
    } catch (const Failure& failure) {
        const bool is_misuse = failure.code() == ExitCode::usage;
        error(failure.what() + (is_misuse ? " Try '" + help + " --help'." : ""));
        return static_cast<int>(failure.code());
    } catch (const Interrupted& interrupted) {
        error(if_interrupted);
        return kSignalBase + interrupted.signal();
    } catch (const std::exception& other) {
        error(other.what());
        return static_cast<int>(ExitCode::failed);
    }
}

}  // namespace tools
