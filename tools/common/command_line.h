// Reading a command line, and saying what failed, the same way in every tool.
#pragma once

#include "tools/common/failure.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tools {

// "; did you mean 'status'?": the candidate that is spelled most like the word; "." if none is near.
[[nodiscard]] std::string nearest_of(std::string_view word, const std::vector<std::string>& candidates);

// Adds an option with a value, which its help calls `value_name`.
CLI::Option* add_option(CLI::App& app, const std::string& names, std::string& value, const char* value_name,
                        const std::string& help);

// Fills the variables that the app's options are bound to; or returns the text, for stdout, that was asked
// for instead (--help, --version). Throws Failure (usage); an option with an empty value is wrong too.
[[nodiscard]] std::optional<std::string> parse(CLI::App& app, int argc, const char* const* argv);

// To stdout; throws Failure where it can't be written.
void print(const std::string& text);

// As it has to be typed in a shell.
[[nodiscard]] std::string quoted(const std::string& path);

// What main() does: `run`, whose exit code it returns; what that throws is said in a line on stderr. `help`
// is the command whose --help is named after wrong usage: the program's, until `run` knows better.
[[nodiscard]] int run_main(const std::string& program, const std::function<ExitCode(std::string& help)>& run,
                           const char* if_interrupted = "interrupted");

}  // namespace tools
