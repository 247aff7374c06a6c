// Lines put together in place from texts and numbers. Not a formatting library, because of what those bring
// along: linked into the shim, fmt needs operator new, the exception runtime (which allocates at load) and
// locales.
#pragma once

#include "shim/core/fixed_string.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
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

// ": " and what an errno value means, as strerror has it, but neither translated nor kept in the thread's own
// storage; ": error 71" of those that the shim hardly meets. Nothing if it is 0.
struct ErrnoText {
    int code;
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

// One function for all widths, and smaller than std::to_chars.
[[gnu::noinline]] inline std::string_view digits_of(std::uint64_t number, unsigned base,
                                                    std::array<char, 24>& room) noexcept {
    std::size_t begin = room.size();
    do {
        room[--begin] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    return {room.data() + begin, room.size() - begin};
}

// Not negative: nothing that is counted here is.
template <std::size_t Capacity, std::integral Number>
void append_one(FixedString<Capacity>& text, Number number, unsigned base = 10) noexcept {
    std::array<char, 24> room;
    text.append(digits_of(static_cast<std::uint64_t>(number), base, room));
}

template <std::size_t Capacity>
void append_one(FixedString<Capacity>& text, Padded number) noexcept {
    std::array<char, 24> room;
    const std::string_view digits = digits_of(number.value, 10, room);
    for (std::size_t i = digits.size(); i < number.digits; ++i) {
        text.append("0");
    }
    text.append(digits);
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

// In place, so that the loader has no pointers to adjust.
struct KnownErrno {
    int code;
    char text[36];
};
inline constexpr KnownErrno kKnownErrnos[] = {
    {EPERM, "Operation not permitted"},
    {ENOENT, "No such file or directory"},
    {EIO, "Input/output error"},
    {ENXIO, "No such device or address"},
    {EAGAIN, "Resource temporarily unavailable"},
    {ENOMEM, "Cannot allocate memory"},
    {EACCES, "Permission denied"},
    {EFAULT, "Bad address"},
    {ENOTDIR, "Not a directory"},
    {EISDIR, "Is a directory"},
    {EINVAL, "Invalid argument"},
    {ENFILE, "Too many open files in system"},
    {EMFILE, "Too many open files"},
    {EFBIG, "File too large"},
    {ENOSPC, "No space left on device"},
    {EROFS, "Read-only file system"},
    {ENAMETOOLONG, "File name too long"},
    {ENOLCK, "No locks available"},
    {ENOSYS, "Function not implemented"},
    {ELOOP, "Too many levels of symbolic links"},
    {EOPNOTSUPP, "Operation not supported"},
    {ESTALE, "Stale file handle"},
    {EDQUOT, "Disk quota exceeded"},
};

template <std::size_t Capacity>
void append_one(FixedString<Capacity>& text, ErrnoText error) noexcept {
    if (error.code == 0) {
        return;
    }
    text.append(": ");
    const auto* const known = std::ranges::find(kKnownErrnos, error.code, &KnownErrno::code);
    if (known != std::end(kKnownErrnos)) {
        text.append(known->text);
    } else {
        text.append("error ");
        append_one(text, error.code);
    }
}

}  // namespace internal

// Appends each part in turn: text, whole numbers, and the types above. What does not fit is cut off.
template <std::size_t Capacity, class... Parts>
FixedString<Capacity>& append(FixedString<Capacity>& text, const Parts&... parts) noexcept {
    (internal::append_one(text, parts), ...);
    return text;
}

}  // namespace hugepage
