#include "tools/common/wording.h"

#include "tools/common/command_line.h"

#include <fmt/format.h>

namespace tools {

std::string size_text(hugepage::ByteSize size) {
    return std::string(hugepage::to_text(size).view());
}

std::string exact_text(hugepage::ByteSize size) {
    return std::string(hugepage::to_exact_text(size).view());
}

std::string page_size_text(hugepage::ByteSize size) {
    std::string text = exact_text(size);
    return text.insert(text.find_first_not_of("0123456789"), 1, ' ');
}

std::string mount_size_text(hugepage::ByteSize size) {
    const std::string text = exact_text(size);
    return text.substr(0, text.find_first_of("iB"));
}

std::string counted(std::uint64_t count, std::string_view noun) {
    return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string quoted(const std::string& path) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%,=";
    if (!path.empty() && path.find_first_not_of(kPlain) == std::string::npos) {
        return path;
    }
    // As bash, zsh and ksh read it, so that there is nothing in it that moves a terminal's cursor.
    const bool is_shown = printable(path) == path;
    std::string result = is_shown ? "'" : "$'";
    for (const char c : path) {
        if (c == '\'') {
            result += is_shown ? "'\\''" : "\\'";
        } else if (!is_shown && (c < ' ' || c > '~' || c == '\\')) {
            result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            result += c;
        }
    }
    return result + "'";
}

}  // namespace tools
