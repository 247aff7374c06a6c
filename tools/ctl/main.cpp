// hugepagectl: sets up, shows, checks and removes what the shim serves from.
//
// stdout gets the command's result and nothing else; stderr gets messages and, on a terminal, the progress.
#include "tools/common/command_line.h"
#include "tools/ctl/commands.h"
#include "tools/report/report.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <clocale>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using tools::ExitCode;

// What follows the first "--" is another program's command line, which nothing here may take apart.
struct Words {
    std::vector<const char*> own;
    std::vector<std::string> command;
    bool has_command = false;

    Words(int argc, const char* const* argv) {
        const std::span all(argv, static_cast<std::size_t>(argc));
        const auto end = std::ranges::find(all, std::string_view("--"));
        own.assign(all.begin(), end);
        has_command = end != all.end();
        if (has_command) {
            command.assign(end + 1, all.end());
        }
    }
};

void describe(CLI::App& program, ctl::Action& chosen, const std::vector<std::string>& command) {
    program.set_help_flag("-h,--help", "Show this help and exit");
    program.set_version_flag("-V,--version", "hugepagectl " CTL_VERSION, "Show the version and exit");
    program.require_subcommand(1);
    program.get_formatter()->column_width(25);  // so that every help fits 80 columns
    program.footer(
        "'hugepagectl COMMAND --help' describes each.\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage, 3 done in part, 4 a check failed,\n"
        "5 no permission, 6 in use, 128+n interrupted by signal n. Of run: the\n"
        "command's, or 125 to 127.");
    ctl::describe_plan(program, chosen);
    ctl::describe_setup(program, chosen);
    ctl::describe_remove(program, chosen);
    ctl::describe_status(program, chosen);
    ctl::describe_verify(program, chosen);
    ctl::describe_doctor(program, chosen, command);
    ctl::describe_run(program, chosen, command);
    ctl::describe_try_request(program, chosen);
}

ExitCode run(int argc, const char* const* argv, std::string& help) {
    CLI::App program("Sets up, shows, checks and removes the memory files that the shim serves.",
                     "hugepagectl");
    ctl::Action chosen;
    const Words words(argc, argv);
    describe(program, chosen, words.command);
    for (const CLI::App* command : program.get_subcommands({})) {
        help += argc > 1 && command->get_name() == argv[1] ? " " + command->get_name() : "";
    }
    if (const auto text = tools::parse(program, static_cast<int>(words.own.size()), words.own.data())) {
        ctl::print(*text);
        return ExitCode::done;
    }
    if (words.has_command && !program.got_subcommand("run") && !program.got_subcommand("doctor")) {
        tools::refuse("this command takes no arguments after --.");
    }
    return chosen();
}

}  // namespace

int main(int argc, char** argv) {
    // Which characters the terminal can show; where the locale isn't installed, those of most.
    if (std::setlocale(LC_CTYPE, "") == nullptr) {
        std::setlocale(LC_CTYPE, "C.UTF-8");
    }
    const int status =
        tools::run_main("hugepagectl", [&](std::string& help) { return run(argc, argv, help); });
    // Below 125 the exit status of "run" is the command's own.
    const bool is_of_command = argc > 1 && std::string_view(argv[1]) == "run";
    return is_of_command && status != 0 ? std::max(status, static_cast<int>(ExitCode::own_failure)) : status;
}
