#include "tools/common/values.h"

#include "shim/base/text_file.h"

#include <grp.h>
#include <pwd.h>

#include <unistd.h>

#include <charconv>
#include <limits>
#include <memory>
#include <vector>

namespace tools {
namespace {

// The largest number is "no user" to chown(2).
template <class Id>
constexpr Id kLargestId = std::numeric_limits<Id>::max() - 1;

template <class Id>
std::optional<Id> id_of_number(std::string_view text) {
    const auto number = hugepage::parse_number(text, kLargestId<Id>);
    return number ? std::optional(static_cast<Id>(*number)) : std::nullopt;
}

// Entries of the user and group lists are read into a buffer whose size is only known by trying.
template <class Entry, class Lookup>
bool find_entry(Entry& entry, std::vector<char>& buffer, Lookup lookup) {
    constexpr std::size_t kEnough = std::size_t{1} << 20;
    for (std::size_t size = 1024; size <= kEnough; size *= 2) {
        buffer.resize(size);
        Entry* found = nullptr;
        if (lookup(&entry, buffer.data(), buffer.size(), &found) != ERANGE) {
            return found != nullptr;
        }
    }
    return false;
}

}  // namespace

std::optional<std::size_t> parse_count(std::string_view text, std::size_t largest) {
    const auto number = hugepage::parse_number(text, largest);
    return number && *number > 0 ? std::optional<std::size_t>(*number) : std::nullopt;
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
    passwd entry{};
    std::vector<char> buffer;
    const auto lookup = [&](auto... rest) { return ::getpwnam_r(text.c_str(), rest...); };
    return find_entry(entry, buffer, lookup) ? std::optional(entry.pw_uid) : id_of_number<uid_t>(text);
}

std::optional<gid_t> parse_group(const std::string& text) {
    group entry{};
    std::vector<char> buffer;
    const auto lookup = [&](auto... rest) { return ::getgrnam_r(text.c_str(), rest...); };
    return find_entry(entry, buffer, lookup) ? std::optional(entry.gr_gid) : id_of_number<gid_t>(text);
}

std::string without_idle_slashes(std::string_view path) {
    std::string result;
    for (const char c : path) {
        if (c != '/' || !result.ends_with('/')) {
            result += c;
        }
    }
    if (result.size() > 1 && result.ends_with('/')) {
        result.pop_back();
    }
    return result;
}

std::optional<std::string> in_binary_unit(std::string_view size) {
    constexpr std::string_view kUnits = "kKmMgGtTpPeE";
    if (size.ends_with('b') || size.ends_with('B')) {
        size.remove_suffix(1);
    }
    if (size.empty() || kUnits.find(size.back()) == std::string_view::npos) {
        return std::nullopt;
    }
    std::string result(size);
    const char unit = result.back();
    result.back() = unit >= 'a' ? static_cast<char>(unit - 'a' + 'A') : unit;
    return result + "iB";
}

}  // namespace tools
