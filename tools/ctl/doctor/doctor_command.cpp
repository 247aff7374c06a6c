// hugepagectl doctor: checks whether a sealer would be served, and suggests what to type where it would not.
// And the hidden command by which it tries a request.
#include "shim/base/text_file.h"
#include "tools/ctl/base/output.h"
#include "tools/ctl/commands.h"
#include "tools/ctl/doctor/doctor.h"
#include "tools/ctl/doctor/request.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <climits>
#include <memory>
#include <string>
#include <vector>

namespace ctl {
namespace {

using tools::ExitCode;

struct DoctorOptions {
    PoolOptions pool;
    std::string process;
    std::string library;
    bool json = false;
};

Questions questions_of(const DoctorOptions& options, const std::vector<std::string>& command) {
    Questions questions;
    questions.pool = options.pool;
    questions.command = command;
    questions.library = options.library;
    if (options.process.empty()) {
        questions.environment = Environment::own();
        return questions;
    }
    if (!command.empty()) {
        tools::refuse(
            "--pid is about a program that runs, and a command about one that doesn't yet: not both.");
    }
    const auto pid = hugepage::parse_number(options.process, INT_MAX);
    if (!pid || *pid == 0) {
        tools::refuse(fmt::format("--pid: '{}' is no process's number.", printable(options.process)));
    }
    questions.process = std::to_string(*pid);
    questions.environment = Environment::of_process("/proc/" + questions.process + "/environ");
    return questions;
}

Action checked(const DoctorOptions& options, const std::vector<std::string>& command) {
    const Questions questions = questions_of(options, command);
    return [=] {
        const Findings findings = diagnose(questions);
        if (options.json) {
            print(as_json("doctor", findings_report(findings)));
        } else {
            print(findings_text(findings, Terminal::of_stdout()));
        }
        return count(findings, Verdict::fail) > 0 ? ExitCode::check_failed : ExitCode::done;
    };
}

}  // namespace

void describe_doctor(CLI::App& program, Action& chosen, const std::vector<std::string>& command) {
    CLI::App* app = program.add_subcommand("doctor", "Diagnose problems, and suggest what to type");
    const auto options = std::make_shared<DoctorOptions>();
    describe_pool_options(*app, options->pool);
    app->add_option(
           "--pid", options->process,
           "A process that runs: its environment, its limits, and\nwhether it has loaded the library")
        ->option_text("PID");
    app->add_option("--library", options->library, "The library. Default: the one that run chooses")
        ->option_text("FILE");
    app->add_flag("--json", options->json, "For programs: see hugepagectl(8)");
    app->footer(
        "After -- the command that is to be served: its file is read, and nothing of it\n"
        "runs. Changes nothing; has one file leased for a moment, if one is free.\n"
        "\n"
        "Example:\n"
        "  hugepagectl doctor -- lotus-worker run\n"
        "\n"
        "Exit status: 0 it works, 4 it doesn't.");
    app->callback([options, &chosen, &command] { chosen = checked(*options, command); });
}

void describe_try_request(CLI::App& program, Action& chosen) {
    CLI::App* app = program.add_subcommand(kTryRequest, "Ask for memory once, as doctor does");
    app->group("");  // not shown
    const auto bytes = std::make_shared<std::string>();
    app->add_option("BYTES", *bytes, "How much")->required();
    app->callback([bytes, &chosen] {
        const auto size = hugepage::parse_number(*bytes, LONG_MAX);
        if (!size || *size == 0) {
            tools::refuse(fmt::format("BYTES: '{}' is no number.", printable(*bytes)));
        }
        chosen = [size] {
            print(make_request(ByteSize{*size}) + "\n");
            return ExitCode::done;
        };
    });
}

}  // namespace ctl
