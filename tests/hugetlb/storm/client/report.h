// What went wrong, said at once and in one write, so that it is known whatever becomes of the process.
#pragma once

#include <string>

namespace storm {

// Where to; and faults are reported there too. Once, at the start.
void report_to(const std::string& folder);

// One line, then the process aborts.
[[noreturn, gnu::format(printf, 1, 2)]] void violation(const char* format, ...);

}  // namespace storm
