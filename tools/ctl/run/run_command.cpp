// hugepagectl run: starts a command so that the shim serves it, after a look at whether it can.
#include "tools/common/failure.h"
#include "tools/common/fd.h"
#include "tools/common/log.h"
#include "tools/ctl/base/output.h"
#include "tools/ctl/commands.h"
#include "tools/ctl/doctor/doctor.h"
#include "tools/ctl/program/preload.h"
#include "tools/ctl/program/program.h"
#include "tools/ctl/run/followed_log.h"
#include "tools/ctl/run/run_report.h"
#include "tools/ctl/run/supervise.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace ctl {
namespace {

using tools::ExitCode;

struct RunOptions {
    PoolOptions pool;
    std::string log;
    std::string library;
    bool heap = false;
    bool require = false;
    bool report = false;
    bool force = false;
    bool dry_run = false;
    bool json = false;
};

void check(const RunOptions& options, const std::vector<std::string>& command) {
    constexpr const char* kLevels[] = {"off", "error", "warn", "info", "debug", "trace"};
    if (command.empty()) {
        tools::refuse("there is no command: write it after --, as in hugepagectl run -- lotus-worker run.");
    }
    if (command.front().empty()) {
        tools::refuse("the command's name is empty.");
    }
    if (!options.log.empty() && std::ranges::find(kLevels, options.log) == std::end(kLevels)) {
        tools::refuse(fmt::format("--log: '{}' is none of off, error, warn, info, debug, trace.",
                                  printable(options.log)));
    }
    if (options.json && !options.report && !options.dry_run) {
        tools::refuse("--json is for --report and --dry-run: nothing else is said.");
    }
}

// The one pool; nothing if the environment names it already, or nobody does.
std::optional<hugepage::FilePattern> pool_of(const RunOptions& options) {
    const bool is_by_option = !options.pool.path.empty() || !options.pool.pattern.empty();
    const auto set = [](const char* name) { return !own_variable(name).value_or("").empty(); };
    if (!is_by_option && (set("HUGEPAGE_FILES_PATH_PATTERN") || set("HUGEPAGE_FILES_PATH"))) {
        return std::nullopt;
    }
    const auto choices = choose_pools(options.pool, own_variable, kConfigFile, tools::mounts());
    if (choices.size() > 1) {
        std::string names;
        for (const PoolChoice& choice : choices) {
            names += (names.empty() ? "" : ", ") + printable(name_of(choice.pattern));
        }
        tools::refuse(fmt::format("there are several pools: {}; say which by --files-path.", names));
    }
    return choices.empty() ? std::nullopt : std::optional(choices.front().pattern);
}

Launch launch_of(const RunOptions& options, const std::vector<std::string>& command) {
    LaunchWishes wishes;
    wishes.pool = pool_of(options);
    wishes.library = find_library(options.library, options.heap, own_executable());
    wishes.require = options.require;
    wishes.log = options.log;
    Launch launch;
    launch.command = command;
    launch.environment = launch_environment(Environment::own(), wishes);
    const std::string search =
        launch.environment.find("PATH") != nullptr ? launch.environment.value("PATH") : "/usr/bin:/bin";
    launch.program = look_at_program(command.front(), search).path;
    return launch;
}

// Says what is in the way. True if that makes it useless.
bool is_hopeless(const RunOptions& options, const Launch& launch) {
    Questions questions;
    questions.environment = launch.environment;
    questions.command = launch.command;
    questions.heap = options.heap;
    questions.library = options.library;
    bool failed = false;
    for (const Finding& finding : diagnose(questions)) {
        if (finding.verdict == Verdict::warn) {
            tools::warn("warning: " + as_line(finding));
        } else if (finding.verdict == Verdict::fail) {
            tools::error(as_line(finding));
            failed = true;
        }
    }
    return failed;
}

std::string dry_run_text(const RunOptions& options, const Launch& launch) {
    const std::string line = as_shell_command(Environment::own(), launch);
    if (!options.json) {
        return line + "\n";
    }
    return as_json("run",
                   {{"shell_command", line}, {"program", launch.program}, {"arguments", launch.command}});
}

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t length = ::write(fd, text.data(), text.size());
        if (length < 0 && errno == EINTR) {
            continue;
        }
        if (length <= 0) {
            return;  // nobody reads it any more
        }
        text.remove_prefix(static_cast<std::size_t>(length));
    }
}

// Where the shim's lines would have gone without --report: they still do.
class LogTarget {
  public:
    explicit LogTarget(const Environment& environment) : most_(log_level(environment)) {
        const std::string file = environment.value("HUGEPAGE_LOG_FILE");
        if (!file.empty() && file != "stderr") {
            own_ =
                tools::Fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600));
            fd_ = own_.get();
        }
    }

    void write(const LogLine& line, std::string_view text) const {
        if (line.level <= most_ && fd_ >= 0) {
            write_all(fd_, text);
        }
    }

  private:
    hugepage::log::Level most_;
    tools::Fd own_;
    int fd_ = STDERR_FILENO;
};

ExitCode run_with_report(const RunOptions& options, Launch launch) {
    const Supervisor supervisor;
    int status = 0;
    RunSummary summary;
    {
        FollowedLog log;
        const LogTarget target(launch.environment);
        if (log_level(launch.environment) < hugepage::log::Level::info) {
            launch.environment.set("HUGEPAGE_LOG", "info");
        }
        launch.environment.set("HUGEPAGE_LOG_FILE", log.path());
        status = supervisor.run(launch, log.fd(), [&] {
            log.read([&](std::string_view text) {
                const auto line = parse_log_line(text.substr(0, text.find('\n')));
                if (line) {
                    summary.add(*line);
                    target.write(*line, text);
                }
            });
        });
    }
    write_all(STDERR_FILENO,
              options.json ? as_json("run", summary_report(summary, status)) : summary_text(summary));
    return static_cast<ExitCode>(end_like(status));
}

Action checked(const RunOptions& options, const std::vector<std::string>& command) {
    check(options, command);
    const Launch launch = launch_of(options, command);
    return [=] {
        if (options.dry_run) {
            print(dry_run_text(options, launch));
            return ExitCode::done;
        }
        if (is_hopeless(options, launch) && !options.force) {
            tools::error("not started; --force starts it all the same, without the shim's help.");
            return ExitCode::check_failed;
        }
        if (launch.program.empty()) {
            throw tools::Failure(ExitCode::failed, fmt::format("run {}: there is no such program.",
                                                               printable(launch.command.front())));
        }
        if (options.report) {
            return run_with_report(options, launch);
        }
        become(launch);
    };
}

}  // namespace

void describe_run(CLI::App& program, Action& chosen, const std::vector<std::string>& command) {
    CLI::App* app = program.add_subcommand("run", "Start a command so that the shim serves it");
    const auto options = std::make_shared<RunOptions>();
    auto* path = app->add_option("--files-path", options->pool.path,
                                 "Folder of the pool; its files are in DIR/numa_<N>.\n"
                                 "Default: HUGEPAGE_FILES_PATH_PATTERN or _PATH, else\n"
                                 "path in /etc/hugepage-shim.conf, else the one\n"
                                 "hugetlbfs mount that has such folders");
    path->option_text("DIR");
    app->add_option("--files-path-pattern", options->pool.pattern,
                    "Folder of a node's files, with $NUMA_NODE_INDEX for\n"
                    "the node's number, in the place of --files-path")
        ->option_text("P")
        ->excludes(path);
    app->add_flag("--heap", options->heap, "Serve calloc and its kin too, as PC1 on a single core\nneeds");
    app->add_flag("--require", options->require, "Memory from a file or none: no falling back");
    app->add_option("--log", options->log,
                    "off, error, warn, info, debug or trace.\nDefault: HUGEPAGE_LOG, else info")
        ->option_text("LEVEL");
    app->add_flag("--report", options->report,
                  "Wait for the command's end, and say on stderr what\nwas served, and what wasn't and why");
    app->add_option("--library", options->library,
                    "The library. Default: the one installed with\nhugepagectl")
        ->option_text("FILE");
    app->add_flag("--force", options->force, "Start it even if nothing can be served");
    app->add_flag("--dry-run", options->dry_run, "Only print what would be started");
    app->add_flag("--json", options->json, "The report, or what would be started, for programs");
    app->footer(
        "The command follows --, and takes the place of this program: the same process,\n"
        "its signals and exit status are its own. The library is added to LD_PRELOAD.\n"
        "\n"
        "Example:\n"
        "  hugepagectl run --files-path /mnt/huge/pc1 -- lotus-worker run\n"
        "\n"
        "Exit status: the command's; before it is started 2, or 4 if nothing could be\n"
        "served.");
    app->callback([options, &chosen, &command] { chosen = checked(*options, command); });
}

}  // namespace ctl
