// Bytes as the labelling sees them: 32-byte values, integers in a given byte order, hexadecimal text.
// All functions are pure and work on a machine of either byte order.
#pragma once

#include <array>
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
Integer load_le(const std::uint8_t* from) {
    Integer value = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
        value |= static_cast<Integer>(from[i]) << (8 * i);
    }
    return value;
}

template <class Integer>
void store_le(std::uint8_t* to, Integer value) {
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
        to[i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
}

template <class Integer>
void store_be(std::uint8_t* to, Integer value) {
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
        to[i] = static_cast<std::uint8_t>(value >> (8 * (sizeof(Integer) - 1 - i)));
    }
}

// Lower-case, two digits a byte.
[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> bytes);

// Exactly 64 digits of either case, nothing before or after; otherwise nullopt.
[[nodiscard]] std::optional<Bytes32> bytes32_from_hex(std::string_view text);

}  // namespace pc1
