// Lines for the user on stderr, each begun with the program's name.
#pragma once

#include <string>
#include <string_view>

namespace tools {

// By main, before any line.
void start_log(const std::string& program);

// Foreign text in them is printable().
void warn(const std::string& line);
void error(const std::string& line);

// The text with nothing in it that could move a terminal's cursor: control characters and what isn't UTF-8
// become \xNN.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace tools
