// What a command is started with: the variables that have the shim serve it. Pure.
#pragma once

#include "shim/core/log.h"
#include "tools/ctl/pool/pool_choice.h"
#include "tools/ctl/program/environment.h"

#include <optional>
#include <string>
#include <vector>

namespace ctl {

struct Launch {
    std::vector<std::string> command;  // as asked for
    std::string program;               // the file to execute
    Environment environment;
};

struct LaunchWishes {
    std::optional<hugepage::FilePattern> pool;  // nothing: as the environment has it
    std::string library;                        // whole path
    bool require = false;
    std::string log;  // a level; empty: as the environment has it
};

// LD_PRELOAD is added to, never replaced.
[[nodiscard]] Environment launch_environment(Environment environment, const LaunchWishes& wishes);

// "env -u NAME NAME=VALUE COMMAND...": what is other than in `before`, for a shell.
[[nodiscard]] std::string as_shell_command(const Environment& before, const Launch& launch);

// The level that is logged at: the variable's; info if it isn't set or wrong.
[[nodiscard]] hugepage::log::Level log_level(const Environment& environment);

}  // namespace ctl
