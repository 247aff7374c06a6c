#include "tools/common/terminal.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <sys/ioctl.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace tools {
namespace {

std::size_t columns_of(int fd, bool is_terminal) {
    constexpr std::size_t kMost = 1000;
    constexpr std::size_t kUsual = 80;
    const char* wanted = std::getenv("COLUMNS");
    if (const std::size_t columns = wanted != nullptr ? std::strtoul(wanted, nullptr, 10) : 0;
        columns > 0 && columns <= kMost) {
        return columns;
    }
    winsize size{};
    const bool known = ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return !is_terminal ? 0 : known ? size.ws_col : kUsual;
}

}  // namespace

Terminal Terminal::of(int fd) {
    Terminal terminal;
    const char* kind = std::getenv("TERM");
    const char* no_colour = std::getenv("NO_COLOR");
    const bool is_terminal = ::isatty(fd) == 1;
    terminal.can_redraw = is_terminal && kind != nullptr && std::string_view(kind) != "dumb";
    terminal.has_colours = terminal.can_redraw && (no_colour == nullptr || *no_colour == '\0');
    terminal.columns = columns_of(fd, is_terminal);
    return terminal;
}

std::string progress_text(const std::string& label, double fraction, const std::string& rate, Seconds elapsed,
                          std::size_t columns) {
    fraction = std::clamp(fraction, 0.0, 1.0);
    std::string text = fmt::format("{}  {} %", label, static_cast<int>(100 * fraction));
    if (!rate.empty()) {
        text += "  " + rate;
    }
    if (elapsed.count() > 0 && fraction > 0) {
        text += fmt::format("  {:%T} left",
                            std::chrono::duration_cast<std::chrono::seconds>(elapsed * (1 / fraction - 1)));
    }
    return text.substr(0, columns);
}

Progress::Progress(std::string label, std::uint64_t total, RateText rate)
    : label_(std::move(label)),
      total_(total),
      rate_(std::move(rate)),
      terminal_(Terminal::of(STDERR_FILENO)),
      start_(Clock::now()) {
    update(0);
}

Progress::~Progress() {
    if (terminal_.can_redraw) {
        std::fputs("\r\033[K", stderr);
        std::fflush(stderr);
    }
}

void Progress::update(std::uint64_t done) {
    constexpr auto kRedrawInterval = std::chrono::milliseconds(100);
    // Before this the rate says more about the start than about the work.
    constexpr auto kFirstEstimate = std::chrono::milliseconds(200);
    const auto now = Clock::now();
    if (!terminal_.can_redraw || now - drawn_ < kRedrawInterval) {
        return;
    }
    drawn_ = now;
    const Seconds elapsed = now - start_;
    const bool is_known = done > 0 && elapsed >= kFirstEstimate;
    // The last column stays empty: some terminals wrap as soon as it is written.
    const std::string text = progress_text(
        label_, total_ > 0 ? static_cast<double>(done) / static_cast<double>(total_) : 0,
        is_known ? rate_(done, elapsed) : "", is_known ? elapsed : Seconds{0}, terminal_.columns - 1);
    std::fprintf(stderr, "\r%s\033[K", text.c_str());
    std::fflush(stderr);
}

}  // namespace tools
