// Runs pc1-label in a child process and keeps what it said.
#pragma once

#include <sys/resource.h>

#include <optional>
#include <string>
#include <vector>

namespace pc1 {

struct Outcome {
    int exit_status = -1;  // -1: ended by a signal
    std::string out;
    std::string err;
};

struct Surroundings {
    bool stderr_is_terminal = false;
    // Runs as a user without the right to lock more memory than this (bytes).
    std::optional<rlim_t> lockable_memory;
};

// Throws std::runtime_error if the program cannot be started.
Outcome run_pc1_label(const std::vector<std::string>& arguments, const Surroundings& surroundings = {});

}  // namespace pc1
