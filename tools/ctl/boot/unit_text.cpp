#include "tools/ctl/boot/unit_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace ctl {
namespace {

constexpr std::string_view kLettersAndDigits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool is_one_of(char c, std::string_view some) {
    return kLettersAndDigits.find(c) != std::string_view::npos || some.find(c) != std::string_view::npos;
}

// Each character that is in `special`, with what stands for it.
template <class Replace>
std::string replaced(std::string_view text, std::string_view special, Replace replace) {
    std::string result;
    for (const char c : text) {
        if (special.find(c) != std::string_view::npos) {
            result += replace(c);
        } else {
            result += c;
        }
    }
    return result;
}

}  // namespace

std::string unit_name_of(std::string_view path) {
    if (path == "/") {
        return "-";
    }
    path.remove_prefix(1);
    std::string name;
    for (const char c : path) {
        if (c == '/') {
            name += '-';
        } else if (is_one_of(c, ":_.") && !(c == '.' && name.empty())) {
            name += c;
        } else {
            name += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
    return name;
}

std::string unit_value(std::string_view text) {
    return replaced(text, "%", [](char) { return "%%"; });
}

std::string unit_word(std::string_view text) {
    const auto escape = [](char c) { return fmt::format("{}{}", c == '%' ? '%' : '\\', c); };
    return fmt::format("\"{}\"", replaced(text, "%\\\"", escape));
}

std::string unit_argument(std::string_view text) {
    constexpr std::string_view kPlain = "/._-+:,=%$";
    bool is_plain = !text.empty();
    for (const char c : text) {
        is_plain = is_plain && is_one_of(c, kPlain);
    }
    const std::string escaped = replaced(text, "$", [](char) { return "$$"; });
    return is_plain ? unit_value(escaped) : unit_word(escaped);
}

bool is_service_name(std::string_view text) {
    constexpr std::string_view kSuffix = ".service";
    constexpr std::size_t kLongest = 255;
    if (!text.ends_with(kSuffix) || text.size() == kSuffix.size() || text.size() > kLongest ||
        text.starts_with('@')) {
        return false;
    }
    return std::ranges::all_of(text, [](char c) { return is_one_of(c, ":-_.\\@"); });
}

}  // namespace ctl
