#include "tools/common/values.h"

#include "shim/base/text_file.h"
#include "tools/common/failure.h"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

namespace tools {
namespace {

// How many bytes there are in one of the unit. 1000^6 and 1024^6 fit 64 bits.
std::optional<std::uint64_t> parse_unit(std::string unit) {
    std::ranges::transform(unit, unit.begin(), [](unsigned char c) { return std::toupper(c); });
    if (unit.ends_with('B')) {
        unit.pop_back();
    }
    std::uint64_t decimal = 1;
    std::uint64_t binary = 1;
    for (const char letter : std::string_view("KMGTPE")) {
        decimal *= 1000;
        binary *= 1024;
        if (unit == std::string{letter}) {
            return decimal;
        }
        if (unit == std::string{letter, 'I'}) {
            return binary;
        }
    }
    return unit.empty() ? std::optional<std::uint64_t>(1) : std::nullopt;
}

// The largest number is "no user" to chown(2).
template <class Id>
std::optional<Id> id_of_number(std::string_view text) {
    const auto number = hugepage::parse_number(text, std::numeric_limits<Id>::max() - 1);
    return number ? std::optional(static_cast<Id>(*number)) : std::nullopt;
}

}  // namespace

std::optional<hugepage::ByteSize> parse_byte_size(std::string_view text) {
    __extension__ using Wide = unsigned __int128;
    constexpr std::size_t kMostDecimals = 18;  // as many more digits fit a Wide
    std::string digits(text.substr(0, text.find_first_not_of("0123456789.")));
    std::string unit(text.substr(digits.size()));
    unit.erase(0, unit.starts_with(' ') && unit != " " ? 1 : 0);
    const auto scale = parse_unit(unit);
    const std::size_t point = digits.find('.');
    const std::size_t decimals = point == std::string::npos ? 0 : digits.size() - point - 1;
    if (point != std::string::npos) {
        digits.erase(point, 1);
    }
    if (!scale || digits.empty() || digits.find('.') != std::string::npos || point == 0 ||
        (point != std::string::npos && decimals == 0) || decimals > kMostDecimals) {
        return std::nullopt;
    }
    // As a whole number, and then a tenth of it for each decimal: exact, or not a size.
    Wide bytes = 0;
    bool overflows = false;
    for (const char digit : digits) {
        overflows = overflows || __builtin_mul_overflow(bytes, 10U, &bytes) ||
                    __builtin_add_overflow(bytes, static_cast<unsigned>(digit - '0'), &bytes);
    }
    overflows = overflows || __builtin_mul_overflow(bytes, *scale, &bytes);
    for (std::size_t i = 0; i < decimals; ++i) {
        overflows = overflows || bytes % 10 != 0;
        bytes /= 10;
    }
    return overflows || bytes > UINT64_MAX
               ? std::nullopt
               : std::optional(hugepage::ByteSize{static_cast<std::uint64_t>(bytes)});
}

std::optional<std::size_t> parse_count(std::string_view text, std::size_t largest) {
    const auto number = hugepage::parse_number(text, largest);
    return number && *number > 0 ? std::optional<std::size_t>(*number) : std::nullopt;
}

hugepage::ByteSize size_of(const std::string& option, const std::string& text) {
    const auto size = parse_byte_size(text);
    if (!size || size->bytes == 0) {
        refuse(option + ": invalid size '" + text + "' (example: 32GiB).");
    }
    return *size;
}

std::size_t count_of(const std::string& option, const std::string& text, std::size_t largest) {
    const auto count = parse_count(text, largest);
    if (!count) {
        refuse(option + ": '" + text + "' is no number from 1 to " + std::to_string(largest) + ".");
    }
    return *count;
}

std::optional<mode_t> parse_mode(std::string_view text) {
    constexpr mode_t kLargest = 0777;
    constexpr int kOctal = 8;
    mode_t mode = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), mode, kOctal);
    if (failure != std::errc{} || end != text.data() + text.size() || mode > kLargest) {
        return std::nullopt;
    }
    return mode;
}

std::optional<uid_t> parse_user(const std::string& text) {
    const passwd* entry = ::getpwnam(text.c_str());
    return entry != nullptr ? std::optional(entry->pw_uid) : id_of_number<uid_t>(text);
}

std::optional<gid_t> parse_group(const std::string& text) {
    const group* entry = ::getgrnam(text.c_str());
    return entry != nullptr ? std::optional(entry->gr_gid) : id_of_number<gid_t>(text);
}

std::string user_text(uid_t user) {
    const passwd* entry = ::getpwuid(user);
    return entry != nullptr ? entry->pw_name : std::to_string(user);
}

std::vector<std::string> words_of(std::string_view text, std::string_view separators) {
    std::vector<std::string> words;
    for (std::size_t begin = text.find_first_not_of(separators); begin != std::string_view::npos;
         begin = text.find_first_not_of(separators, begin)) {
        const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
        words.emplace_back(text.substr(begin, end - begin));
        begin = end;
    }
    return words;
}

std::string without_idle_slashes(std::string_view path) {
    std::string result(path);
    const auto is_idle = [](char one, char next) { return one == '/' && next == '/'; };
    result.erase(std::unique(result.begin(), result.end(), is_idle), result.end());
    if (result.size() > 1 && result.ends_with('/')) {
        result.pop_back();
    }
    return result;
}

std::optional<hugepage::ByteSize> in_binary_unit(std::string_view size) {
    if (size.ends_with('b') || size.ends_with('B')) {
        size.remove_suffix(1);
    }
    return parse_byte_size(std::string(size) + "iB");
}

std::string size_text(hugepage::ByteSize size) {
    return std::string(hugepage::to_text(size).view());
}

std::string exact_text(hugepage::ByteSize size) {
    std::uint64_t count = size.bytes;
    std::string unit = "B";
    for (const char letter : std::string_view("KMGTPE")) {
        if (count < 1024 || count % 1024 != 0) {
            break;
        }
        count /= 1024;
        unit = std::string{letter} + "iB";
    }
    return std::to_string(count) + unit;
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

}  // namespace tools
