// Text files of the kernel's, line by line.
#pragma once

#include "shim/base/text_file.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace hugepage {

// Calls for each line of the text, cut at 8 KiB; what changes meanwhile may be missed.
[[nodiscard]] inline Status for_each_line(const char* path,
                                          FunctionRef<void(std::string_view line)> visit) noexcept {
    std::array<char, 8UL * 1024> buffer;
    return for_each_part(path, '\n', buffer, visit);
}

// What follows the name on the first line that begins with it, without blanks around; nothing if there is
// none. The first line's text without a name.
[[nodiscard]] inline std::optional<std::string> value_in(const std::string& path,
                                                         std::string_view name = {}) {
    std::optional<std::string> value;
    static_cast<void>(for_each_line(path.c_str(), [&](std::string_view line) {
        if (!value && line.starts_with(name)) {
            value = trimmed(line.substr(name.size()));
        }
    }));
    return value;
}

// The same, where it is a number.
[[nodiscard]] inline std::optional<std::uint64_t> number_in(const std::string& path) {
    return parse_number(value_in(path).value_or(""), UINT64_MAX);
}

}  // namespace hugepage
