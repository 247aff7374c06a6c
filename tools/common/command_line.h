// Reading a command line the same way in every tool.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace tools {

// What is wrong with a command line, as a sentence.
class WrongCommandLine : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// "; did you mean 'status'?": the candidate that is spelled most like the word; "." if none is near.
[[nodiscard]] std::string nearest_of(std::string_view word, const std::vector<std::string>& candidates);

// Fills the variables that the app's options are bound to; or returns the text, for stdout, that was asked
// for instead (--help, --version). Throws WrongCommandLine; an option with an empty value is wrong too.
[[nodiscard]] std::optional<std::string> parse(CLI::App& app, int argc, const char* const* argv);

}  // namespace tools
