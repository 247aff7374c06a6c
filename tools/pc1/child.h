// Another program, run to its end.
#pragma once

#include "tools/common/interrupts.h"

#include <functional>
#include <string>
#include <vector>

namespace pc1 {

struct Ended {
    int status = 0;  // of its exit; 128 + n if signal n ended it
    std::string output;
    std::string errors;
};
// In a process group of its own, so that a terminal's Ctrl-C is ours alone; it is ended with this process.
// `prepare` is called in it. Where one of `interrupts` comes (null: they wait), it is asked to end, and
// tools::Interrupted thrown when it has. Throws std::system_error if there can be no process.
Ended run_child(
    const std::vector<std::string>& command, const tools::Interrupts* interrupts,
    const std::function<void()>& prepare = [] {});

}  // namespace pc1
