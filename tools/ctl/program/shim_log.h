// What the shim's log says of a run: what was served, what wasn't and why. Pure: over text.
#pragma once

#include "shim/core/log.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ctl {

struct LogLine {
    hugepage::log::Level level = hugepage::log::Level::off;
    std::string_view module;   // "pool"
    std::string_view message;  // as the log has it: control characters are escaped
};
// Nothing if it is no line of the shim's.
[[nodiscard]] std::optional<LogLine> parse_log_line(std::string_view line);

struct RunSummary {
    // Leases of one file.
    struct Served {
        std::size_t times = 0;
        std::string size;  // "32.0 GiB"
        std::string page;  // "1.0 GiB"
        int wanted = 0;    // nodes, of the last lease
        int found = 0;
        double ms = 0;  // from the request to zeroed memory, all times together
        double zero_ms = 0;
    };
    // Requests that no file was to be had for.
    struct Missed {
        std::size_t times = 0;
        std::uint64_t bytes = 0;  // of the last one
        std::string advice;
    };
    std::map<std::string, Served> served;                                // by path
    std::map<std::pair<std::string, int>, Missed> missed;                // by reason and node
    std::map<std::string, std::pair<std::string, std::size_t>> refused;  // path: why, times
    std::map<std::uint64_t, std::size_t> other_sizes;  // requests of sizes that no file has, each told once
    std::map<std::string, std::size_t> complaints;     // other warnings and errors

    [[nodiscard]] std::size_t times_served() const;
    [[nodiscard]] std::size_t times_missed() const;
    void add(const LogLine& line);
};

}  // namespace ctl
