#include "tools/common/command_line.h"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace tools {
namespace {

// As deep as there are commands within commands.
void refuse_empty_values(const CLI::App& app) {  // NOLINT(misc-no-recursion)
    for (const CLI::Option* option : app.get_options()) {
        if (option->count() > 0 && option->get_expected_max() > 0 && option->results().front().empty()) {
            throw WrongCommandLine(option->get_name() + " needs a value, not an empty one.");
        }
    }
    for (const CLI::App* command : app.get_subcommands()) {
        refuse_empty_values(*command);
    }
}

}  // namespace

std::optional<std::string> parse(CLI::App& app, int argc, const char* const* argv) {
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return app.help();
    } catch (const CLI::CallForVersion& version) {
        return std::string(version.what()) + "\n";
    } catch (const CLI::ParseError& error) {
        std::string reason = error.what();
        std::ranges::replace(reason, '\n', ' ');
        throw WrongCommandLine(reason + ".");
    }
    refuse_empty_values(app);
    return std::nullopt;
}

}  // namespace tools
