// hugepagectl: sets up, shows, checks and removes what the shim serves from.
//
// stdout gets the command's result and nothing else; stderr gets messages and, on a terminal, the progress.
#include "tools/common/command_line.h"
#include "tools/common/interrupts.h"
#include "tools/common/log.h"
#include "tools/ctl/base/output.h"
#include "tools/ctl/commands.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <clocale>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using tools::ExitCode;

constexpr int kSignalBase = 128;

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
    program.footer(
        "'hugepagectl COMMAND --help' tells of each.\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage, 3 done in part, 4 a check failed,\n"
        "5 no permission, 6 somebody uses it, 128+n interrupted by signal n. Of run: the\n"
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

ExitCode run(int argc, const char* const* argv) {
    CLI::App program("Sets up, shows, checks and removes the memory files that the huge page shim serves.",
                     "hugepagectl");
    ctl::Action chosen;
    const Words words(argc, argv);
    describe(program, chosen, words.command);
    if (const auto text = tools::parse(program, static_cast<int>(words.own.size()), words.own.data())) {
        ctl::print(*text);
        return ExitCode::done;
    }
    if (words.has_command && !program.got_subcommand("run") && !program.got_subcommand("doctor")) {
        throw tools::WrongCommandLine("The command takes no other after --.");
    }
    return chosen();
}

// Below 125 the exit status of "run" is the command's own.
int status_of(ExitCode code, bool is_run) {
    return static_cast<int>(is_run ? std::max(code, ExitCode::own_failure) : code);
}

}  // namespace

int main(int argc, char** argv) {
    std::setlocale(LC_CTYPE, "");  // which characters the terminal can show
    tools::start_log("hugepagectl");
    const std::string command = argc > 1 && *argv[1] != '-' ? std::string(argv[1]) + " " : "";
    const bool is_run = command == "run ";
    const std::string try_help = " Try 'hugepagectl " + command + "--help'.";
    try {
        return static_cast<int>(run(argc, argv));
    } catch (const tools::WrongCommandLine& wrong) {
        tools::error(wrong.what() + try_help);
        return status_of(ExitCode::usage, is_run);
    } catch (const tools::Failure& failure) {
        tools::error(failure.what() + (failure.code() == ExitCode::usage ? try_help : ""));
        return status_of(failure.code(), is_run);
    } catch (const tools::Interrupted& interrupted) {
        tools::error("interrupted");
        return kSignalBase + interrupted.signal();
    } catch (const std::exception& error) {
        tools::error(error.what());
        return status_of(ExitCode::failed, is_run);
    }
}
