#include "tools/common/log.h"

#include "shim/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace tools {

// In one call, so that lines of several programs don't mix.
void warn(const std::string& line) {
    std::fputs(fmt::format("{}: {}\n", program_invocation_short_name, printable(line)).c_str(), stderr);
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
