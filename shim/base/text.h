// Texts in place: parts of them, strings of bounded length, and lines put together from texts and numbers,
// all without an allocation.
//
// Not a formatting library, because of what those bring along: linked into the shim, fmt needs operator new,
// the exception runtime (which allocates at load) and locales.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace hugepage {

// Parts of a text. As std::string_view::substr, except that a place past the end gives the empty text instead
// of an exception, and so the shim needs no exception runtime.
constexpr std::string_view take(std::string_view text, std::size_t count) noexcept {
    return {text.data(), std::min(count, text.size())};
}

constexpr std::string_view drop(std::string_view text, std::size_t begin) noexcept {
    text.remove_prefix(std::min(begin, text.size()));
    return text;
}

constexpr std::string_view slice(std::string_view text, std::size_t begin, std::size_t count) noexcept {
    return take(drop(text, begin), count);
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

// Always terminated. What does not fit is cut off and remembered in truncated().
template <std::size_t Capacity>
class FixedString {
  public:
    constexpr FixedString() noexcept = default;
    explicit FixedString(std::string_view text) noexcept { append(text); }

    FixedString& append(std::string_view text) noexcept {
        const std::size_t taken = std::min(text.size(), Capacity - 1 - size_);
        std::copy_n(text.data(), taken, text_.data() + size_);
        size_ += taken;
        text_[size_] = '\0';
        truncated_ = truncated_ || taken < text.size();
        return *this;
    }

    // Over the last characters; only where there are as many.
    void replace_end(std::string_view text) noexcept {
        std::copy_n(text.data(), text.size(), text_.data() + size_ - text.size());
    }

    void clear() noexcept {
        size_ = 0;
        text_[0] = '\0';
        truncated_ = false;
    }

    [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }
    [[nodiscard]] const char* c_str() const noexcept { return text_.data(); }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] bool truncated() const noexcept { return truncated_; }

  private:
    std::array<char, Capacity> text_{};
    std::size_t size_ = 0;
    bool truncated_ = false;
};

// Shorter than the kernel allows: several of them are on the stack of a request, and a thread's stack may be
// as small as 16 KiB. Longer paths are refused where they come in.
using Path = FixedString<1024>;

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

// In place, so that the loader has no pointers to adjust.
struct KnownErrno {
    int code;
    char text[36];
};
inline constexpr KnownErrno kKnownErrnos[] = {
    {EPERM, ": Operation not permitted"},
    {ENOENT, ": No such file or directory"},
    {EIO, ": Input/output error"},
    {ENXIO, ": No such device or address"},
    {EAGAIN, ": Resource temporarily unavailable"},
    {ENOMEM, ": Cannot allocate memory"},
    {EACCES, ": Permission denied"},
    {EFAULT, ": Bad address"},
    {ENOTDIR, ": Not a directory"},
    {EISDIR, ": Is a directory"},
    {EINVAL, ": Invalid argument"},
    {ENFILE, ": Too many open files in system"},
    {EMFILE, ": Too many open files"},
    {EFBIG, ": File too large"},
    {ENOSPC, ": No space left on device"},
    {EROFS, ": Read-only file system"},
    {ENAMETOOLONG, ": File name too long"},
    {ENOLCK, ": No locks available"},
    {ENOSYS, ": Function not implemented"},
    {ELOOP, ": Too many levels of symbolic links"},
    {EOPNOTSUPP, ": Operation not supported"},
    {ESTALE, ": Stale file handle"},
    {EDQUOT, ": Disk quota exceeded"},
};

}  // namespace internal

// What a line is made of: text, a whole number (not negative: nothing that is counted here is), or one of the
// types above.
class Part {
  public:
    using Room = std::array<char, 32>;

    Part(std::string_view text) noexcept : Part(Kind::text, text.size(), text.data()) {}
    Part(const char* text) noexcept : Part(std::string_view(text)) {}
    Part(std::integral auto number) noexcept : Part(Kind::number, static_cast<std::uint64_t>(number)) {}
    Part(Padded number) noexcept : Part(Kind::number, number.value) { digits_ = number.digits; }
    Part(Tenths number) noexcept
        // NOLINTNEXTLINE(bugprone-incorrect-roundings): it is not negative
        : Part(Kind::tenths, static_cast<std::uint64_t>(number.value * 10 + 0.5)) {
        digits_ = 2;
    }
    Part(ErrnoText error) noexcept : Part(Kind::error, static_cast<std::uint64_t>(error.code)) {}
    Part(Address address) noexcept : Part(Kind::address, reinterpret_cast<std::uintptr_t>(address.value)) {}

    // What is put in the room is gone with it. One function for all, and smaller than std::to_chars.
    [[nodiscard, gnu::noinline]] std::string_view text(Room& room) const noexcept {
        if (kind_ == Kind::text) {
            return {text_, value_};
        }
        std::string_view before = kind_ == Kind::address ? "0x" : "";
        if (kind_ == Kind::error) {
            if (value_ == 0) {
                return {};
            }
            const auto* const known = std::ranges::find(internal::kKnownErrnos, static_cast<int>(value_),
                                                        &internal::KnownErrno::code);
            if (known != std::end(internal::kKnownErrnos)) {
                return known->text;
            }
            before = ": error ";
        }
        constexpr std::string_view kDigits = "0123456789abcdef";
        const std::uint64_t base = kind_ == Kind::address ? 16 : 10;
        std::size_t begin = room.size();
        std::uint64_t rest = value_;
        for (std::size_t digits = 0; rest != 0 || digits < digits_; ++digits) {
            if (kind_ == Kind::tenths && digits == 1) {
                room[--begin] = '.';
            }
            room[--begin] = kDigits[rest % base];
            rest = rest / base;
        }
        begin -= before.size();
        std::ranges::copy(before, room.begin() + begin);
        return {room.data() + begin, room.size() - begin};
    }

  private:
    enum class Kind : std::uint8_t { text, number, tenths, error, address };
    Part(Kind kind, std::uint64_t value, const char* text = nullptr) noexcept
        : text_(text), value_(value), kind_(kind) {}

    const char* text_;
    std::uint64_t value_;     // of a text, how long it is
    std::size_t digits_ = 1;  // at least
    Kind kind_;
};

// Appends each part in turn. What does not fit is cut off.
template <std::size_t Capacity, class... Parts>
FixedString<Capacity>& append(FixedString<Capacity>& text, const Parts&... parts) noexcept {
    Part::Room room;
    for (const Part& part : {Part(parts)...}) {
        text.append(part.text(room));
    }
    return text;
}

}  // namespace hugepage
