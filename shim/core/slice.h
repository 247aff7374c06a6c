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

}  // namespace hugepage
