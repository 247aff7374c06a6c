// Bytes as the labelling sees them: 32-byte values, big-endian integers, hexadecimal text. All functions are
// pure.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pc1 {

// An identifier or a digest.
using Bytes32 = std::array<std::uint8_t, 32>;

template <class Integer>
void store_be(std::uint8_t* to, Integer value) {
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
        to[i] = static_cast<std::uint8_t>(value >> (8 * (sizeof(Integer) - 1 - i)));
    }
}

// Lower-case, two digits a byte.
[[nodiscard]] inline std::string to_hex(std::span<const std::uint8_t> bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

// Exactly 64 digits of either case, nothing before or after; otherwise nullopt.
[[nodiscard]] inline std::optional<Bytes32> bytes32_from_hex(std::string_view text) {
    Bytes32 bytes{};
    if (text.size() != 2 * bytes.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const char* digits = text.data() + 2 * i;
        if (std::from_chars(digits, digits + 2, bytes[i], 16).ptr != digits + 2) {
            return std::nullopt;
        }
    }
    return bytes;
}

}  // namespace pc1
