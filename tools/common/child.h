// Another program, run to its end.
#pragma once

#include "tools/common/interrupts.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace tools {

// Null-terminated, as execv(3) takes it, for as long as the words are there.
[[nodiscard]] std::vector<char*> as_list(const std::vector<std::string>& words);

struct Ended {
    int status =
        0;  // of its exit; 128 + n if signal n ended it; 127, and `errors` says why, if it can't be started
    std::string output;
    std::string errors;
    bool is_late = false;  // it was killed at the deadline
};
// With nothing on stdin; in a process group of its own, so that a terminal's Ctrl-C is ours alone. It is
// asked to end when this process does. `prepare` is called in it. Where one of `interrupts` comes (null: they
// are not looked at), it is asked to end, and Interrupted thrown when it has. After `most`, if that isn't 0,
// it is killed: also where somebody has stopped it. Throws std::system_error if there can be no process.
Ended run_child(
    const std::vector<std::string>& command, const Interrupts* interrupts,
    const std::function<void()>& prepare = [] {}, std::chrono::seconds most = {});

}  // namespace tools
