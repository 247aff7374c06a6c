// A progress bar of one line on stderr, for commands that take more than a moment.
//
// It is drawn only if stderr is a terminal that can move its cursor (TERM other than "dumb"); into a file or
// a pipe nothing is ever written. It uses no colour. Not thread-safe: one thread draws.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tools {

using Seconds = std::chrono::duration<double>;

// Says how fast it goes, e.g. "12.3 GiB/s" or "680 ns/node". Called with done > 0 and elapsed > 0; the unit
// of `done` is whatever the caller counts in.
using RateText = std::function<std::string(std::uint64_t done, Seconds elapsed)>;

// What one drawing of the bar shows.
struct ProgressState {
    std::string_view label;
    double fraction = 0;       // 0 to 1
    std::string_view rate;     // empty: not known yet
    double seconds_left = -1;  // negative: not known yet
};

// The bar as text of at most `width` columns, without line ending: label, bar, percent, rate, time left. As
// the width shrinks the bar goes first, then the end of the text.
[[nodiscard]] std::string progress_line(const ProgressState& state, std::size_t width);

class ProgressBar {
  public:
    // `total` in the unit that update() counts in; the bar appears at once.
    ProgressBar(std::string label, std::uint64_t total, RateText rate);
    ~ProgressBar() { finish(); }
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    // Cheap enough to be called some thousand times a second: redraws at most ten times a second.
    void update(std::uint64_t done);

    // Clears the line; nothing is drawn afterwards. Also done by the destructor.
    void finish();

  private:
    using Clock = std::chrono::steady_clock;

    void draw(std::uint64_t done, Clock::time_point now);

    std::string label_;
    std::uint64_t total_;
    RateText rate_;
    Clock::time_point start_;
    Clock::time_point last_drawn_;
    bool visible_;
};

}  // namespace tools
