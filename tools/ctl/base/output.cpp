#include "tools/ctl/base/output.h"

#include "tools/common/failure.h"
#include "tools/common/values.h"
#include "tools/common/wording.h"

#include <fmt/format.h>
#include <langinfo.h>
#include <nlohmann/json.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace ctl {
namespace {

bool is_set(const char* variable) {
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0';
}

std::size_t columns_of_stdout() {
    constexpr std::size_t kMost = 1000;
    if (const char* wanted = std::getenv("COLUMNS")) {
        if (const auto columns = tools::parse_count(wanted, kMost)) {
            return *columns;
        }
    }
    winsize size{};
    const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : Terminal{}.columns;
}

// The length of the UTF-8 character at the beginning; 0 if there is none.
std::size_t character_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t length = byte(0) < 0x80             ? 1
                               : (byte(0) & 0xe0) == 0xc0 ? 2
                               : (byte(0) & 0xf0) == 0xe0 ? 3
                               : (byte(0) & 0xf8) == 0xf0 ? 4
                                                          : 0;
    if (length == 0 || length > text.size()) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

bool is_control(std::string_view character) {
    const auto first = static_cast<unsigned char>(character[0]);
    const bool is_c1 =
        first == 0xc2 && character.size() == 2 && static_cast<unsigned char>(character[1]) < 0xa0;
    return first < 0x20 || first == 0x7f || is_c1;
}

}  // namespace

Terminal Terminal::of_stdout() {
    Terminal terminal;
    const char* kind = std::getenv("TERM");
    const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
    const bool is_dumb = kind == nullptr || std::string_view(kind) == "dumb";
    terminal.has_bars = is_terminal;
    terminal.has_colours = is_terminal && !is_dumb && !is_set("NO_COLOR");
    terminal.can_redraw = is_terminal && !is_dumb;
    terminal.is_utf8 = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
    terminal.columns = columns_of_stdout();
    return terminal;
}

std::string in_tone(const Terminal& terminal, Tone tone, std::string_view text) {
    constexpr const char* kCodes[] = {"", "1", "2", "32", "35", "31"};
    if (!terminal.has_colours || tone == Tone::plain || text.empty()) {
        return std::string(text);
    }
    return fmt::format("\033[{}m{}\033[0m", kCodes[static_cast<std::size_t>(tone)], text);
}

std::string printable(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
        if (length == 0 || is_control(character)) {
            for (const char c : character) {
                result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
            }
        } else {
            result += character;
        }
        text.remove_prefix(character.size());
    }
    return result;
}

std::string bar(const Terminal& terminal, double part, double whole, std::size_t columns) {
    if (!terminal.has_bars) {
        return {};
    }
    const double filled = whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 0;
    const auto full = static_cast<std::size_t>(std::lround(filled * static_cast<double>(columns)));
    std::string result;
    for (std::size_t i = 0; i < columns; ++i) {
        result += i < full ? (terminal.is_utf8 ? "█" : "#") : (terminal.is_utf8 ? "░" : ".");
    }
    return result;
}

std::string as_json(std::string_view command, const nlohmann::ordered_json& report) {
    constexpr int kIndent = 2;
    nlohmann::ordered_json all;
    all["schema_version"] = kSchemaVersion;
    all["command"] = command;
    all.update(report);
    return all.dump(kIndent, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string size_text(std::uint64_t bytes) {
    return tools::size_text(hugepage::ByteSize{bytes});
}

void print(const std::string& text) {
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
        throw tools::system_failure("write to stdout", errno);
    }
}

}  // namespace ctl
