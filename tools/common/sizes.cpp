#include "tools/common/sizes.h"

#include "shim/base/text.h"

#include <charconv>
#include <cstddef>

namespace hugepage {
namespace {

constexpr std::string_view kUnits = "KMGTPE";

char upper(char c) noexcept {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

// The number of bytes in one of the unit; nothing if it is no unit. 1000^6 and 1024^6 fit 64 bits.
std::optional<std::uint64_t> parse_unit(std::string_view unit) noexcept {
    if (!unit.empty() && upper(unit.back()) == 'B') {
        unit.remove_suffix(1);
    }
    if (unit.empty()) {
        return 1;
    }
    const std::size_t power = kUnits.find(upper(unit.front()));
    const bool binary = unit.size() == 2 && upper(unit[1]) == 'I';
    if (power == std::string_view::npos || (unit.size() != 1 && !binary)) {
        return std::nullopt;
    }
    std::uint64_t bytes = 1;
    for (std::size_t i = 0; i <= power; ++i) {
        bytes *= binary ? 1024 : 1000;
    }
    return bytes;
}

}  // namespace

std::optional<ByteSize> parse_byte_size(std::string_view text) noexcept {
    std::size_t digits = 0;
    while (digits < text.size() && (is_digit(text[digits]) || text[digits] == '.')) {
        ++digits;
    }
    std::string_view number = take(text, digits);
    std::string_view unit = drop(text, digits);
    if (unit.starts_with(' ')) {
        unit.remove_prefix(1);
        if (unit.empty()) {
            return std::nullopt;
        }
    }
    const auto scale = parse_unit(unit);
    if (!scale || number.empty()) {
        return std::nullopt;
    }

    const std::size_t point = number.find('.');
    const std::string_view whole = take(number, point);
    std::uint64_t count = 0;
    const auto [end, failure] = std::from_chars(whole.data(), whole.data() + whole.size(), count);
    std::uint64_t bytes = 0;
    if (failure != std::errc{} || end != whole.data() + whole.size() ||
        __builtin_mul_overflow(count, *scale, &bytes)) {
        return std::nullopt;
    }
    if (point == std::string_view::npos) {
        return ByteSize{bytes};
    }

    // Each further digit counts a tenth of the last: exact, or not a size.
    std::string_view fraction = drop(number, point + 1);
    if (fraction.empty() || fraction.size() > 18) {
        return std::nullopt;
    }
    std::uint64_t numerator = 0;
    std::uint64_t denominator = 1;
    for (const char digit : fraction) {
        if (!is_digit(digit)) {
            return std::nullopt;
        }
        numerator = numerator * 10 + static_cast<std::uint64_t>(digit - '0');
        denominator *= 10;
    }
    __extension__ using Wide = unsigned __int128;
    const Wide part = static_cast<Wide>(numerator) * *scale;
    if (part % denominator != 0 ||
        __builtin_add_overflow(bytes, static_cast<std::uint64_t>(part / denominator), &bytes)) {
        return std::nullopt;
    }
    return ByteSize{bytes};
}

}  // namespace hugepage
