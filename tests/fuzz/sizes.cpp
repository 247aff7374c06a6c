// Sizes as people write them, against arithmetic on decimal digits; and back from numbers.
#include "shim/base/byte_size.h"
#include "tests/fuzz/fuzzing.h"
#include "tools/common/values.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <optional>
#include <string>

namespace {

using namespace hugepage;
using fuzzing::expect;
using tools::parse_byte_size;

// The product of a decimal number of any length and a small one.
std::string times(std::string digits, unsigned factor) {
    unsigned carry = 0;
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
        carry += static_cast<unsigned>(*digit - '0') * factor;
        *digit = static_cast<char>('0' + carry % 10);
        carry /= 10;
    }
    return std::to_string(carry) + digits;
}

bool are_digits(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Which decimal number of bytes the text means; with no zeros in front.
std::optional<std::string> read_plainly(std::string_view text) {
    const auto number_end = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto parts = fuzzing::split(text.substr(0, number_end), '.');
    if (parts.size() > 2 || !are_digits(parts[0]) || parts[0].empty() ||
        (parts.size() == 2 && (parts[1].empty() || parts[1].size() > 18))) {
        return std::nullopt;
    }
    std::string unit(text.substr(number_end));
    std::ranges::transform(unit, unit.begin(), [](unsigned char c) { return std::toupper(c); });
    if (unit == " ") {
        return std::nullopt;
    }
    unit.erase(0, unit.starts_with(' ') ? 1 : 0);
    if (unit.ends_with('B')) {
        unit.pop_back();
    }
    unsigned factor = 1000;
    if (unit.size() == 2 && unit[1] == 'I') {
        factor = 1024;
        unit.pop_back();
    }
    const std::string units = "KMGTPE";
    if (unit.size() > 1 || (!unit.empty() && units.find(unit) == std::string::npos) ||
        (unit.empty() && factor == 1024)) {
        return std::nullopt;
    }
    std::string bytes(parts[0]);
    bytes += parts.size() == 2 ? parts[1] : "";
    for (std::size_t i = 0; !unit.empty() && i <= units.find(unit); ++i) {
        bytes = times(bytes, factor);
    }
    for (std::size_t i = 0; parts.size() == 2 && i < parts[1].size(); ++i) {
        if (bytes.back() != '0') {
            return std::nullopt;
        }
        bytes.pop_back();
    }
    bytes.erase(0, std::min(bytes.find_first_not_of('0'), bytes.size() - 1));
    const std::string most = std::to_string(UINT64_MAX);
    const bool fits = bytes.size() < most.size() || (bytes.size() == most.size() && bytes <= most);
    return fits ? std::optional(bytes) : std::nullopt;
}

void check_written(ByteSize size) {
    expect(!to_text(size).truncated(), "a size fits its text");
    expect(parse_byte_size(tools::exact_text(size)) == size, "the exact form is read back");
    const double shown = std::strtod(to_text(size).c_str(), nullptr);
    double unit = 1;
    for (const char c : std::string_view("KMGTPE")) {
        if (to_text(size).view().find(c) != std::string_view::npos) {
            break;
        }
        unit *= 1024;
    }
    unit = to_text(size).view().ends_with("iB") ? unit * 1024 : 1;
    const auto bytes = static_cast<double>(size.bytes);
    expect(std::abs(shown * unit - bytes) <= 0.0501 * unit,
           "the text for people is off by half a tenth at most");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzzing::text_of(data, size);
    const auto read = parse_byte_size(text);
    const auto expected = read_plainly(text);
    expect(read.has_value() == expected.has_value(), "sizes are told from what is none");
    if (read) {
        expect(std::to_string(read->bytes) == *expected, "the number of bytes is exact");
        check_written(*read);
    }
    if (size >= sizeof(ByteSize)) {
        ByteSize any;
        std::memcpy(&any, data, sizeof(any));
        check_written(any);
    }
    return 0;
}
