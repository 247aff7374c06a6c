#include "tools/common/log.h"

#include "shim/base/text.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace tools {
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
        const std::size_t length = hugepage::printable_bytes(text);
        result += length > 0 ? std::string(text.substr(0, length))
                             : fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return result;
}

}  // namespace tools
