#include "tools/common/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace tools {

void start_log(const std::string& program) {
    spdlog::set_default_logger(spdlog::stderr_logger_st(program));
    spdlog::set_pattern(program + ": %v");
}

void warn(const std::string& line) {
    spdlog::warn(line);
}

void error(const std::string& line) {
    spdlog::error(line);
}

}  // namespace tools
