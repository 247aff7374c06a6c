#include "shim/base/log.h"

#include "shim/base/fd.h"
#include "shim/base/mutex.h"
#include "shim/base/sys.h"
#include "shim/base/text.h"

#include <poll.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>

namespace hugepage::log {
namespace {

struct State {
    std::atomic<Level> level{Level::off};
    Path file;  // empty: the standard descriptor
    int standard = 0;
    std::array<FileId, STDERR_FILENO + 1> at_start;  // of the standard descriptors
    std::atomic<unsigned> dropped{0};
    std::atomic<bool> is_file_complained_of{false};
};
constinit State state;

// By level.
constexpr char kNames[][6] = {"OFF", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"};

using Line = FixedString<2UL * 1024>;

void append_escaped(Line& line, std::string_view text) noexcept {
    while (!text.empty()) {
        const std::size_t printable = printable_bytes(text);
        if (printable > 0) {
            line.append(take(text, printable));
            text = drop(text, printable);
            continue;
        }
        const auto byte = static_cast<unsigned char>(text.front());
        constexpr std::string_view kHex = "0123456789abcdef";
        append(line, "\\x", slice(kHex, byte / 16, 1), slice(kHex, byte % 16, 1));
        text = drop(text, 1);
    }
}

void append_escaped(Line& line, std::initializer_list<Part> parts) noexcept {
    Part::Room room;
    for (const Part& part : parts) {
        append_escaped(line, part.text(room));
    }
}

// As write(2), but it fails where it would wait, and the host gets no SIGPIPE or SIGXFSZ for a line that
// isn't its own. Nor does a file of the host's get the line that has come by the number.
bool put(const Fd& file, std::string_view line) noexcept {
    timespec no_wait{};
    pollfd question{file.get(), POLLOUT, 0};
    if (sys::call(SYS_ppoll, &question, 1, &no_wait, nullptr, 0) != 1 || !file.has_its_file()) {
        return false;
    }
    constexpr SignalMask kPipe = SignalMask{1} << (SIGPIPE - 1);
    constexpr SignalMask kTooLarge = SignalMask{1} << (SIGXFSZ - 1);
    constexpr SignalMask kBoth = kPipe | kTooLarge;
    SignalMask before = 0;
    SignalMask pending = 0;
    sys::call(SYS_rt_sigprocmask, SIG_BLOCK, &kBoth, &before, sizeof before);
    sys::call(SYS_rt_sigpending, &pending, sizeof pending);
    const bool is_put = sys::write(file.get(), line.data(), line.size()) > 0;
    const SignalMask raised = is_put ? 0 : errno == EPIPE ? kPipe : errno == EFBIG ? kTooLarge : 0;
    if ((raised & ~pending) != 0) {
        const ErrnoGuard why;
        sys::call(SYS_rt_sigtimedwait, &raised, nullptr, &no_wait, sizeof raised);
    }
    sys::call(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, sizeof before);
    return is_put;
}

// The host may close the descriptor at any moment, and open a file of its own by that number: so it is a
// duplicate that is looked at, and written to.
bool put_standard(int standard, std::string_view line) noexcept {
    const Fd copy(sys::duplicate(standard));
    return copy.file().is_known() && copy.file() == state.at_start[static_cast<std::size_t>(standard)] &&
           put(copy, line);
}

Status put_in_file(std::string_view line) noexcept {
    // O_NONBLOCK: a FIFO in its place must not hold the caller up.
    constexpr int kAppend = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY;
    const auto file = Fd::open(state.file.c_str(), kAppend, 0644);
    if (!file) {
        return file.error();
    }
    if (!S_ISREG(file.value().file().kind)) {
        return Error{"it is no regular file", 0};
    }
    if (!put(file.value(), line)) {
        return Error{"write", errno};
    }
    return Done{};
}

void begin(Line& line, Level level, std::string_view module) noexcept {
    constexpr std::int64_t kSecond = 1'000'000'000;
    constexpr std::int64_t kSecondsOfDay = 86400;
    const std::int64_t now = sys::now(CLOCK_REALTIME);
    // Not gmtime_r: it reads the zone files, and may allocate for that.
    const std::chrono::year_month_day date{
        std::chrono::sys_days(std::chrono::days(now / kSecond / kSecondsOfDay))};
    const std::int64_t second = now / kSecond % kSecondsOfDay;
    const long thread = sys::call(SYS_gettid);
    const auto part = [](auto number, std::size_t digits) {
        return Padded{static_cast<std::uint64_t>(number), digits};
    };
    line.clear();
    append(line, part(int{date.year()}, 4), "-", part(unsigned{date.month()}, 2), "-",
           part(unsigned{date.day()}, 2), "T", part(second / 3600, 2), ":", part(second / 60 % 60, 2), ":",
           part(second % 60, 2), ".", part(now % kSecond, 9), "+00:00 ",
           std::string_view(kNames[static_cast<std::size_t>(level)]), " ThreadId(",
           part(thread == sys::call(SYS_getpid) ? 1 : thread, 2), ") hugepage_shim::", module, ": ");
}

void end(Line& line) noexcept {
    line.append("\n");
    if (line.truncated()) {
        line.replace_end("...\n");
    }
}

// Ends the line and writes it; false if it is lost, and then it may be another.
bool deliver(Line& line) noexcept {
    end(line);
    if (state.file.empty()) {
        return put_standard(state.standard, line.view());
    }
    const auto done = put_in_file(line.view());
    if (!done && !state.is_file_complained_of.exchange(true)) {
        begin(line, Level::warn, "log");
        append_escaped(line, {"cannot write to HUGEPAGE_LOG_FILE=", state.file.view(), ": ",
                              done.error().tried, ErrnoText{done.error().code}});
        end(line);
        state.is_file_complained_of.store(put_standard(STDERR_FILENO, line.view()));
    }
    return done.ok();
}

// Whether it is the first time that it is asked of the words. They are known by a number, as far as there is
// room: an old one may make room for a new one.
bool are_new(std::initializer_list<Part> parts) noexcept {
    static constinit std::array<std::atomic<std::uint32_t>, 128> told{};
    std::uint32_t key = 0x811c9dc5;  // FNV-1a
    Part::Room room;
    for (const Part& part : parts) {
        for (const char c : part.text(room)) {
            key = (key ^ static_cast<unsigned char>(c)) * 0x01000193;
        }
    }
    key |= 1;
    constexpr std::size_t kPlaces = 16;
    for (std::size_t i = 0; i < kPlaces; ++i) {
        std::uint32_t known = 0;
        if (told[(key / 2 + i) % told.size()].compare_exchange_strong(known, key,
                                                                      std::memory_order_relaxed)) {
            return true;
        }
        if (known == key) {
            return false;
        }
    }
    told[key / 2 % told.size()].store(key, std::memory_order_relaxed);
    return true;
}

}  // namespace

void start(Level level, std::string_view file) noexcept {
    const bool is_stdout = file == "/dev/stdout";
    const bool is_stderr = file.empty() || file == "stderr" || file == "/dev/stderr";
    state.standard = is_stdout ? STDOUT_FILENO : STDERR_FILENO;
    state.file.clear();
    state.file.append(is_stdout || is_stderr ? "" : file);
    state.at_start = {FileId(), FileId::of(STDOUT_FILENO), FileId::of(STDERR_FILENO)};
    state.dropped.store(0);
    state.is_file_complained_of.store(false);
    state.level.store(level, std::memory_order_release);
}

bool enabled(Level level) noexcept {
    return level <= state.level.load(std::memory_order_acquire);
}

void internal::write(Level level, const char* module, bool once, std::initializer_list<Part> parts) noexcept {
    if (!enabled(level) || (once && !are_new(parts))) {
        return;
    }
    const ErrnoGuard errno_guard;
    Line line;
    const unsigned dropped = state.dropped.exchange(0);
    if (dropped > 0) {
        begin(line, Level::warn, "log");
        append(line, dropped, dropped == 1 ? " line was dropped" : " lines were dropped");
        if (!deliver(line)) {
            state.dropped.fetch_add(dropped + 1);
            return;
        }
    }
    begin(line, level, module);
    append_escaped(line, parts);
    if (!deliver(line)) {
        state.dropped.fetch_add(1);
    }
}

}  // namespace hugepage::log
