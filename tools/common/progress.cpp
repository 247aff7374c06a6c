// Drawing of the progress bar: composing the line, asking the terminal for its width.
#include "tools/common/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace tools {
namespace {

constexpr std::size_t kWidestBar = 40;
constexpr std::size_t kNarrowestBar = 8;
constexpr std::size_t kWidthIfUnknown = 80;
constexpr auto kRedrawInterval = std::chrono::milliseconds(100);
// Before this the rate says more about the start than about the work.
constexpr auto kFirstEstimate = std::chrono::milliseconds(200);

bool stderr_shows_bars() {
    const char* term = std::getenv("TERM");
    const bool dumb = term == nullptr || std::string_view(term) == "dumb";
    return !dumb && isatty(STDERR_FILENO) == 1;
}

std::size_t terminal_width() {
    winsize size{};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return kWidthIfUnknown;
    }
    return size.ws_col;
}

// 75.4 -> "1:15", 4000 -> "1:06:40"
std::string duration_text(double seconds) {
    const auto whole = std::llround(std::min(seconds, 360'000'000.0));
    std::array<char, 32> text{};
    if (whole < 3600) {
        std::snprintf(text.data(), text.size(), "%lld:%02lld", whole / 60, whole % 60);
    } else {
        std::snprintf(text.data(), text.size(), "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                      whole % 60);
    }
    return text.data();
}

std::string bar_text(double fraction, std::size_t cells) {
    const auto full = static_cast<std::size_t>(fraction * static_cast<double>(cells));
    std::string bar(1, '[');
    bar.append(full, '=').append(cells - full, ' ').append(1, ']');
    if (full > 0 && full < cells) {
        bar[full] = '>';
    }
    return bar;
}

}  // namespace

std::string progress_line(const ProgressState& state, std::size_t width) {
    const double fraction = std::clamp(state.fraction, 0.0, 1.0);
    std::array<char, 8> percent{};
    std::snprintf(percent.data(), percent.size(), "%3d%%", static_cast<int>(fraction * 100));

    std::string tail = percent.data();
    if (!state.rate.empty()) {
        tail += "  ";
        tail += state.rate;
    }
    if (state.seconds_left >= 0) {
        tail += "  ";
        tail += duration_text(state.seconds_left);
        tail += " left";
    }

    std::string line(state.label);
    const std::size_t taken = line.size() + tail.size() + 4;  // blanks around the bar, its brackets
    if (taken + kNarrowestBar <= width) {
        line += ' ';
        line += bar_text(fraction, std::min(kWidestBar, width - taken));
    }
    line += ' ';
    line += tail;
    line.resize(std::min(line.size(), width));
    return line;
}

ProgressBar::ProgressBar(std::string label, std::uint64_t total, RateText rate)
    : label_(std::move(label)),
      total_(total),
      rate_(std::move(rate)),
      start_(Clock::now()),
      visible_(stderr_shows_bars()) {
    if (visible_) {
        draw(0, start_);
    }
}

void ProgressBar::update(std::uint64_t done) {
    if (!visible_) {
        return;
    }
    const auto now = Clock::now();
    if (now - last_drawn_ >= kRedrawInterval) {
        draw(done, now);
    }
}

void ProgressBar::finish() {
    if (std::exchange(visible_, false)) {
        std::fputs("\r\033[K", stderr);
        std::fflush(stderr);
    }
}

void ProgressBar::draw(std::uint64_t done, Clock::time_point now) {
    last_drawn_ = now;
    ProgressState state;
    state.label = label_;
    std::string rate;
    if (total_ > 0) {
        state.fraction = static_cast<double>(done) / static_cast<double>(total_);
    }
    if (done > 0 && now - start_ >= kFirstEstimate) {
        const Seconds elapsed = now - start_;
        rate = rate_(done, elapsed);
        state.rate = rate;
        state.seconds_left = elapsed.count() * std::max(0.0, 1 / state.fraction - 1);
    }
    // The last column stays empty: some terminals wrap as soon as it is written.
    const std::string line = progress_line(state, terminal_width() - 1);
    std::fprintf(stderr, "\r%s\033[K", line.c_str());
    std::fflush(stderr);
}

}  // namespace tools
