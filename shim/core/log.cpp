#include "shim/core/log.h"

#include "shim/core/errno_guard.h"
#include "shim/core/fd.h"
#include "shim/core/format.h"
#include "shim/core/mutex.h"
#include "shim/core/slice.h"

#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <ctime>

namespace hugepage::log {
namespace {

struct State {
    std::atomic<Level> level{Level::off};
    Path file;
    dev_t stderr_device = 0;
    ino_t stderr_inode = 0;
};
constinit State state;

constexpr const char* name_of(Level level) noexcept {
    switch (level) {
        case Level::error:
            return "ERROR";
        case Level::warn:
            return "WARN";
        case Level::info:
            return "INFO";
        case Level::debug:
            return "DEBUG";
        case Level::trace:
            return "TRACE";
        case Level::off:
            break;
    }
    return "OFF";
}

using Line = FixedString<2UL * 1024>;

// How many bytes the character takes that the text begins with; 0 if a terminal could take it for a command,
// or it is none of UTF-8's.
std::size_t printable_bytes(std::string_view text) noexcept {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char first = byte(0);
    if (first < 0x80) {
        return first < 0x20 || first == 0x7f ? 0 : 1;
    }
    const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length > text.size() || (first == 0xc2 && byte(1) < 0xa0)) {  // from there on C1: CSI and the like
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

void append_escaped(Line& line, std::string_view message) noexcept {
    while (!message.empty()) {
        const std::size_t printable = printable_bytes(message);
        if (printable > 0) {
            line.append(first_of(message, printable));
            message = from(message, printable);
            continue;
        }
        const auto byte = static_cast<unsigned char>(message.front());
        constexpr std::string_view kHex = "0123456789abcdef";
        append(line, "\\x", slice(kHex, byte / 16, 1), slice(kHex, byte % 16, 1));
        message = from(message, 1);
    }
}

// As write(2), but if nobody reads the pipe any more, the host gets no SIGPIPE for a line that isn't its own.
void write_quietly(int fd, std::string_view line) noexcept {
    constexpr SignalMask kPipe = SignalMask{1} << (SIGPIPE - 1);
    const SignalBlock block;
    SignalMask pending = 0;
    ::syscall(SYS_rt_sigpending, &pending, sizeof(pending));
    const bool broken = sys::write(fd, line.data(), line.size()) < 0 && errno == EPIPE;
    if (broken && (pending & kPipe) == 0) {
        constexpr timespec kNoWait{};
        ::syscall(SYS_rt_sigtimedwait, &kPipe, nullptr, &kNoWait, sizeof(kPipe));
    }
}

bool stderr_is_unchanged() noexcept {
    struct stat facts {};
    return sys::fstat(STDERR_FILENO, facts) == 0 && facts.st_dev == state.stderr_device &&
           facts.st_ino == state.stderr_inode;
}

}  // namespace

void start(Level level, std::string_view file) noexcept {
    state.file.clear();
    state.file.append(file);
    struct stat facts {};
    if (file.empty() && sys::fstat(STDERR_FILENO, facts) != 0) {
        level = Level::off;
    }
    state.stderr_device = facts.st_dev;
    state.stderr_inode = facts.st_ino;
    state.level.store(level, std::memory_order_release);
}

bool enabled(Level level) noexcept {
    return level <= state.level.load(std::memory_order_acquire);
}

void write(Level level, const char* module, std::string_view message) noexcept {
    if (!enabled(level)) {
        return;
    }
    const ErrnoGuard errno_guard;
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    // Not gmtime_r: it reads the zone files, and may allocate for that.
    constexpr std::int64_t kSecondsOfDay = 86400;
    const std::chrono::year_month_day date{
        std::chrono::sys_days(std::chrono::days(now.tv_sec / kSecondsOfDay))};
    const std::int64_t second = now.tv_sec % kSecondsOfDay;
    const long thread = ::syscall(SYS_gettid);

    Line line;
    const auto part = [](auto number, std::size_t digits) {
        return Padded{static_cast<std::uint64_t>(number), digits};
    };
    append(line, part(int{date.year()}, 4), "-", part(unsigned{date.month()}, 2), "-",
           part(unsigned{date.day()}, 2), "T", part(second / 3600, 2), ":", part(second / 60 % 60, 2), ":",
           part(second % 60, 2), ".", part(now.tv_nsec, 9), "+00:00 ", name_of(level), " ThreadId(",
           part(thread == ::syscall(SYS_getpid) ? 1 : thread, 2), ") hugepage_shim::", module, ": ");
    append_escaped(line, message);
    line.append("\n");
    if (line.truncated()) {
        line.replace_end("...\n");
    }

    if (state.file.empty()) {
        if (stderr_is_unchanged()) {
            write_quietly(STDERR_FILENO, line.view());
        }
        return;
    }
    constexpr int kAppend = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY;
    if (const auto file = Fd::open(state.file.c_str(), kAppend, 0644)) {
        write_quietly(file.value().get(), line.view());
    }
}

}  // namespace hugepage::log
