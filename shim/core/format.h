// Lines put together in place from texts and numbers. Not a formatting library, because of what those bring
// along: linked into the shim, fmt needs operator new, the exception runtime (which allocates at load) and
// locales.
#pragma once

#include "shim/core/fixed_string.h"

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hugepage {

// A number with zeros in front, to at least so many digits.
struct Padded {
    std::uint64_t value;
    std::size_t digits;
};

// A number >= 0 with one decimal, rounded.
struct Tenths {
    double value;
};

// In hexadecimal, with 0x.
struct Address {
    const void* value;
};

namespace internal {

template <std::size_t Capacity>
void append_one(FixedString<Capacity>& text, std::string_view part) noexcept {
    text.append(part);
}

template <std::size_t Capacity, std::integral Number>
void append_one(FixedString<Capacity>& text, Number number, int base = 10) noexcept {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
    text.append({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

template <std::size_t Capacity>
void append_one(FixedString<Capacity>& text, Padded number) noexcept {
    FixedString<24> digits;
    append_one(digits, number.value);
    for (std::size_t i = digits.view().size(); i < number.digits; ++i) {
        text.append("0");
    }
    text.append(digits.view());
}

template <std::size_t Capacity>
void append_one(FixedString<Capacity>& text, Tenths number) noexcept {
    const auto tenths =
        static_cast<std::uint64_t>(number.value * 10 + 0.5);  // NOLINT(bugprone-incorrect-roundings): >= 0
    append_one(text, tenths / 10);
    text.append(".");
    append_one(text, tenths % 10);
}

template <std::size_t Capacity>
void append_one(FixedString<Capacity>& text, Address address) noexcept {
    text.append("0x");
    append_one(text, reinterpret_cast<std::uintptr_t>(address.value), 16);
}

}  // namespace internal

// Appends each part in turn: text, whole numbers, and the types above. What does not fit is cut off.
template <std::size_t Capacity, class... Parts>
FixedString<Capacity>& append(FixedString<Capacity>& text, const Parts&... parts) noexcept {
    (internal::append_one(text, parts), ...);
    return text;
}

}  // namespace hugepage
