// Text files of the kernel's, line by line.
#pragma once

#include "shim/base/text_file.h"

#include <array>

namespace hugepage {

// Calls for each line of the text, cut at 8 KiB; what changes meanwhile may be missed.
[[nodiscard]] inline Status for_each_line(const char* path,
                                          FunctionRef<void(std::string_view line)> visit) noexcept {
    std::array<char, 8UL * 1024> buffer;
    return for_each_part(path, '\n', buffer, visit);
}

}  // namespace hugepage
