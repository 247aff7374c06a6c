// Lines for the user on stderr, each begun with the program's name.
#pragma once

#include <string>

namespace tools {

// By main, before any line.
void start_log(const std::string& program);

void warn(const std::string& line);
void error(const std::string& line);

}  // namespace tools
