#include "tools/common/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace tools {
namespace {

// How many bytes the character takes that the text begins with; 0 if a terminal could take it for a command,
// or it isn't UTF-8.
std::size_t printable_bytes(std::string_view text) {
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

}  // namespace

void start_log(const std::string& program) {
    spdlog::set_default_logger(spdlog::stderr_logger_st(program));
    spdlog::set_pattern(program + ": %v");
}

void warn(const std::string& line) {
    spdlog::warn(printable(line));
}

void error(const std::string& line) {
    spdlog::error(printable(line));
}

std::string printable(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const std::size_t length = printable_bytes(text);
        result += length > 0 ? std::string(text.substr(0, length))
                             : fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return result;
}

}  // namespace tools
