// Lines for the user on stderr, each begun with the program's name.
#pragma once

#include <string>
#include <string_view>

namespace tools {

// Foreign text in it is printable().
void warn(const std::string& line);

// The text with nothing in it that could move a terminal's cursor: control characters and what isn't UTF-8
// become \xNN.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace tools
