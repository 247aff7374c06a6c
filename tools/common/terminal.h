// What a terminal can show, and a line there that says how far a command has come.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace tools {

struct Terminal {
    bool has_colours = false;  // a terminal, and neither NO_COLOR nor TERM=dumb
    bool can_redraw = false;   // a terminal whose cursor can be moved: not TERM=dumb
    std::size_t columns = 0;   // of a terminal, or COLUMNS; 0: lines may have any length, as in a pipe

    // Of the descriptor and the environment.
    [[nodiscard]] static Terminal of(int fd);
    [[nodiscard]] static Terminal of_stdout() { return of(STDOUT_FILENO); }
};

using Seconds = std::chrono::duration<double>;

// Says how fast it goes, e.g. "12.3 GiB/s" or "680 ns/node". Called with done > 0 and elapsed > 0; the unit
// of `done` is whatever the caller counts in.
using RateText = std::function<std::string(std::uint64_t done, Seconds elapsed)>;

// "layer 1 of 2  50 %  680 ns/node  00:01:15 left", cut to so many columns. Without a rate, or with no time
// elapsed, nothing is said of them.
[[nodiscard]] std::string progress_text(const std::string& label, double fraction, const std::string& rate,
                                        Seconds elapsed, std::size_t columns);

// A line on stderr, for commands that take more than a moment: only on a terminal that can redraw it; a file
// or a pipe gets nothing. Not thread-safe: one thread draws.
class Progress {
  public:
    // `total` in the unit that update() counts in; the line appears at once.
    Progress(std::string label, std::uint64_t total, RateText rate);
    // Clears the line.
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // Cheap enough to be called some thousand times a second: redraws at most ten times a second.
    void update(std::uint64_t done);

  private:
    using Clock = std::chrono::steady_clock;

    std::string label_;
    std::uint64_t total_;
    RateText rate_;
    Terminal terminal_;
    Clock::time_point start_;
    Clock::time_point drawn_;
};

}  // namespace tools
