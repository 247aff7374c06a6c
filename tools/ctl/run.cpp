// hugepagectl run: sets the variables by which the shim serves a command, and executes it.
#include "tools/common/child.h"
#include "tools/common/command_line.h"
#include "tools/common/log.h"
#include "tools/ctl/commands.h"
#include "tools/pool/choice.h"
#include "tools/pool/environment.h"
#include "tools/pool/judge.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <vector>

namespace ctl {
namespace {

using tools::ExitCode;

struct RunOptions {
    PoolOptions pool{{}, {}, "--files-path", "--files-path-pattern"};
    std::string log;
    std::string library;
    bool no_heap = false;
    bool require = false;
    bool thp = false;
};

// Nothing if no pool is named or found.
std::optional<PoolChoice> pool_of(const RunOptions& options) {
    if (options.thp) {
        return std::nullopt;
    }
    const auto choices = choose_pools(options.pool, own_environment());
    if (choices.size() > 1) {
        const auto name = [](const PoolChoice& choice) { return name_of(choice.pattern); };
        tools::refuse("there are several pools: {}; choose one with --files-path.",
                      fmt::join(choices | std::views::transform(name), ", "));
    }
    if (choices.empty()) {
        if (options.require) {
            tools::refuse("--require: no pool is named, and none is found on a mount of hugetlbfs.");
        }
        return std::nullopt;
    }
    return choices.front();
}

// Beside the shim such a program would write to files that somebody else has.
void refuse_one_that_locks_nothing(const std::vector<std::string>& command, const PoolChoice& pool) {
    const Program program = look_at_program(command.front(), value_of(own_environment(), "PATH"));
    for (const Finding& finding : judge_locking(program)) {
        tools::fail("{}. {} Start it without run, with a folder that nobody else uses: {} {}", finding.what,
                    finding.why, variable_of(pool.pattern),
                    fmt::join(command | std::views::transform(tools::quoted), " "));
    }
}

// Sets the variables, and says what is used and why.
void set_variables(const RunOptions& options, const std::vector<std::string>& command) {
    const bool heap = !options.no_heap && needs_heap(own_environment());
    const std::string library = find_library(options.library, heap, own_executable());
    const char* const why = !options.library.empty() ? "--library"
                            : options.no_heap        ? "--no-heap"
                            : heap ? "serves calloc too; FIL_PROOFS_USE_MULTICORE_SDR is not 1"
                                   : "FIL_PROOFS_USE_MULTICORE_SDR=1";
    const auto set = [](const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); };
    const auto pool = pool_of(options);
    if (pool) {
        refuse_one_that_locks_nothing(command, *pool);
        ::unsetenv("HUGEPAGE_FILES_PATH");
        // Whole: the command, or what it starts, may work in another folder.
        set("HUGEPAGE_FILES_PATH_PATTERN",
            std::filesystem::absolute(std::string(pool->pattern.text())).string());
    }
    if (options.require || options.thp) {
        set("HUGEPAGE_MODE", options.thp ? "thp" : "require");
    }
    if (!options.log.empty()) {
        set("HUGEPAGE_LOG", options.log);
    }
    set("LD_PRELOAD", with_library(value_of(own_environment(), "LD_PRELOAD"), library));
    tools::warn(fmt::format(
        "library {} ({}); {}", library, why,
        options.thp ? "transparent huge pages and no pool (--thp)"
        : pool      ? fmt::format("pool {} ({})", name_of(pool->pattern), pool->source)
                    : "no pool is named, and none is found on a mount of hugetlbfs: nothing is served"));
}

// Returns only by throwing.
[[noreturn]] void start(const RunOptions& options, const std::vector<std::string>& command) {
    if (command.empty()) {
        tools::refuse("there is no command: write it after --, as in hugepagectl run -- lotus-worker run.");
    }
    set_variables(options, command);
    const std::vector<char*> arguments = tools::as_list(command);
    ::execvp(arguments.front(), arguments.data());
    const ExitCode code = errno == ENOENT ? ExitCode::not_found : ExitCode::cannot_execute;
    throw tools::Failure(code, tools::system_failure("run " + command.front(), errno).what());
}

}  // namespace

void describe_run(CLI::App& program, Action& chosen, const std::vector<std::string>& command) {
    CLI::App* app = program.add_subcommand("run", "Start a command so that the shim serves it");
    const auto options = std::make_shared<RunOptions>();
    describe_pool_options(*app, options->pool, "the one");
    app->add_flag("--no-heap", options->no_heap,
                  "Preload libhugepage_shim.so, which serves mmap only,\n"
                  "also where FIL_PROOFS_USE_MULTICORE_SDR is not 1");
    auto* require =
        app->add_flag("--require", options->require, "Memory from a file or none: no falling back");
    app->add_flag("--thp", options->thp,
                  "No pool: transparent huge pages for a sector's buffers,\non the thread's node")
        ->excludes(require)
        ->excludes("--files-path")
        ->excludes("--files-path-pattern");
    tools::add_option(*app, "--log", options->log, "LEVEL",
                      "off, error, warn, info, debug or trace.\nDefault: HUGEPAGE_LOG, else info")
        ->check(CLI::IsMember({"off", "error", "warn", "info", "debug", "trace"}));
    tools::add_option(*app, "--library", options->library, "FILE",
                      "The library. Default: the one installed with\nhugepagectl");
    app->footer(
        "The command follows --, and takes the place of this program: the same process,\n"
        "its signals and exit status are its own. The library goes in front of what\n"
        "LD_PRELOAD has. It is libhugepage_shim_heap.so, which serves calloc too, unless\n"
        "FIL_PROOFS_USE_MULTICORE_SDR=1 is set. A line on stderr names library and pool.\n"
        "\n"
        "Example:\n"
        "  hugepagectl run --files-path /mnt/huge/pc1 -- lotus-worker run\n"
        "\n"
        "Exit status: the command's; 125 if run itself fails, 126 if the command can't\n"
        "be executed, 127 if it isn't found.");
    app->callback([options, &chosen, &command] {
        chosen = [options, &command]() -> ExitCode { start(*options, command); };
    });
}

}  // namespace ctl
