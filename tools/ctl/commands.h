// hugepagectl's commands. Each describes its part of the command line: its options, their defaults, an
// example; and what is done where it is chosen.
#pragma once

#include "tools/common/failure.h"

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ctl {

// What a command line asks for, once all of it has been read; looks at its values first. Throws
// tools::Failure or tools::Interrupted.
using Action = std::function<tools::ExitCode()>;

// Adds the command to the program's; `chosen` is set if the command line that is parsed names it.
void describe_plan(CLI::App& program, Action& chosen);
void describe_remove(CLI::App& program, Action& chosen);
void describe_setup(CLI::App& program, Action& chosen);
void describe_status(CLI::App& program, Action& chosen);
void describe_verify(CLI::App& program, Action& chosen);
// `command`: the words after "--"; it is looked at when a command line has been parsed.
void describe_doctor(CLI::App& program, Action& chosen, const std::vector<std::string>& command);
void describe_run(CLI::App& program, Action& chosen, const std::vector<std::string>& command);
// Not shown: by which doctor tries a request.
void describe_try_request(CLI::App& program, Action& chosen);

}  // namespace ctl
