// Parts of a text. As std::string_view::substr, but a place past the end gives the empty text instead of an
// exception, and so the shim needs no exception runtime.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace hugepage {

constexpr std::string_view first_of(std::string_view text, std::size_t count) noexcept {
    return {text.data(), std::min(count, text.size())};
}

constexpr std::string_view from(std::string_view text, std::size_t begin) noexcept {
    text.remove_prefix(std::min(begin, text.size()));
    return text;
}

constexpr std::string_view slice(std::string_view text, std::size_t begin, std::size_t count) noexcept {
    return first_of(from(text, begin), count);
}

// How many bytes the character takes that the text begins with; 0 if a terminal could take it for a command,
// or it is none of UTF-8's.
constexpr std::size_t printable_bytes(std::string_view text) noexcept {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char first = byte(0);
    if (first < 0x80) {
        return first < 0x20 || first == 0x7f ? 0 : 1;
    }
    const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length > text.size() || (first == 0xc2 && byte(1) < 0xa0)) {  // from there on C1: CSI and the like
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

}  // namespace hugepage
