// What an operator would gain on this machine: labels as the real sealer makes them (upstream.h), on ordinary
// pages, on transparent huge pages, and with the shim, on the near and the farthest node, in turns.
//
// Knows the shim only by its command, hugepagectl: setup makes pools of this program's own, run has them
// serve the processes that label (stretch.h), remove takes them away. Whatever ends this program, what
// was made is on setup's record, and the next comparison takes it away.
#pragma once

#include "tools/pc1/options.h"
#include "tools/pc1/run.h"
#include "tools/pc1/upstream.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace pc1 {

struct CompareOptions {
    std::uint64_t sector_bytes = 0;  // asked about
    double minutes = 0;
    std::vector<Path> paths;
    bool fragmented = false;  // free memory, for all but files
    bool json = false;
};
// Throws tools::Failure (usage). `argv` begins with the word "compare".
[[nodiscard]] std::variant<CompareOptions, TextForUser> parse_compare_options(int argc,
                                                                              const char* const* argv);

// The report of --json; pc1-label(1) names its keys. Shows its progress on stderr if that is a terminal.
// Throws tools::Interrupted, or std::exception with a message for the user.
[[nodiscard]] Json compare(const CompareOptions& options);

// The same for people to read.
[[nodiscard]] std::string compare_table(const Json& report);

}  // namespace pc1
