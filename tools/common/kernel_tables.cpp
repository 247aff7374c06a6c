#include "tools/common/kernel_tables.h"

#include "shim/base/text.h"
#include "shim/base/text_file.h"

#include <sys/sysmacros.h>

#include <climits>

namespace hugepage {
namespace {

// Takes the next word off the text.
std::string_view next_word(std::string_view& text) noexcept {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) {
        return text = {};
    }
    const std::string_view rest = drop(text, begin);
    const std::string_view word = take(rest, rest.find(' '));
    text = drop(rest, word.size());
    return word;
}

// As the kernel writes it, in small letters; at most `largest`.
std::optional<std::uint64_t> parse_hexadecimal(std::string_view text, std::uint64_t largest) noexcept {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::uint64_t number = 0;
    for (const char c : text) {
        const std::size_t digit = kDigits.find(c);
        if (digit == std::string_view::npos || number > largest >> 4) {
            return std::nullopt;
        }
        number = number << 4 | digit;
    }
    return text.empty() ? std::nullopt : std::optional(number);
}

// -1 is of a process that this one can't see.
std::optional<pid_t> parse_pid(std::string_view text) noexcept {
    if (text == "-1") {
        return -1;
    }
    const auto number = parse_number(text, INT_MAX);
    return number ? std::optional(static_cast<pid_t>(*number)) : std::nullopt;
}

// "00:1b", and the inode.
std::optional<FileId> file_id(std::string_view device, std::string_view inode) noexcept {
    const std::size_t colon = device.find(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto major_number = parse_hexadecimal(take(device, colon), UINT32_MAX);
    const auto minor_number = parse_hexadecimal(drop(device, colon + 1), UINT32_MAX);
    const auto number = parse_number(inode, UINT64_MAX);
    if (!major_number || !minor_number || !number) {
        return std::nullopt;
    }
    return FileId{makedev(static_cast<unsigned>(*major_number), static_cast<unsigned>(*minor_number)),
                  *number};
}

}  // namespace

std::optional<FileLock> parse_lock(std::string_view line) noexcept {
    next_word(line);                   // its number
    if (next_word(line) != "FLOCK") {  // one that is waited for has an arrow here
        return std::nullopt;
    }
    next_word(line);  // ADVISORY
    next_word(line);  // WRITE or READ
    const auto pid = parse_pid(next_word(line));
    const std::string_view place = next_word(line);  // device and inode
    const std::size_t colon = place.rfind(':');
    if (!pid || colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto file = file_id(take(place, colon), drop(place, colon + 1));
    if (!file) {
        return std::nullopt;
    }
    return FileLock{*file, *pid};
}

std::optional<MappedFile> parse_mapped_file(std::string_view line) noexcept {
    const std::string_view addresses = next_word(line);
    const auto begin = parse_hexadecimal(take(addresses, addresses.find('-')), UINT64_MAX);
    next_word(line);  // permissions
    const auto offset = parse_hexadecimal(next_word(line), UINT64_MAX);
    const std::string_view device = next_word(line);
    const auto file = file_id(device, next_word(line));
    if (!begin || !offset || !file || file->inode == 0) {
        return std::nullopt;
    }
    return MappedFile{*file, *begin - *offset};
}

std::optional<std::uint64_t> parse_start_ticks(std::string_view stat) noexcept {
    const std::size_t name_end = stat.rfind(')');  // the name may have any bytes, these among them
    if (name_end == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view rest = trimmed(drop(stat, name_end + 1));
    constexpr int kFieldsBetween = 19;  // the state is the third field, the start the 22nd
    for (int i = 0; i < kFieldsBetween; ++i) {
        next_word(rest);
    }
    return parse_number(next_word(rest), UINT64_MAX);
}

}  // namespace hugepage
