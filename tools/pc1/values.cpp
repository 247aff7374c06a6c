// Checking values.
#include "tools/pc1/values.h"

#include "tools/pc1/sector.h"

#include <charconv>

namespace pc1 {

std::uint64_t sector_size_of(const std::string& text) {
    if (text.empty()) {
        throw tools::WrongCommandLine("--sector-size is needed.");
    }
    const auto size = parse_size(text);
    if (!size) {
        throw tools::WrongCommandLine("--sector-size: '" + text +
                                      "' is no size; write it like 2KiB, 64MiB, 32GiB or 2048.");
    }
    if (const auto reason = why_not_a_sector_size(*size)) {
        throw tools::WrongCommandLine("--sector-size: '" + text + "' will not do: " + *reason + ".");
    }
    return *size;
}

std::uint64_t number_of(const std::string& option, const std::string& text, std::uint64_t least,
                        std::uint64_t most) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most) {
        throw tools::WrongCommandLine(option + ": '" + text + "' is no number from " + std::to_string(least) +
                                      " to " + std::to_string(most) + ".");
    }
    return number;
}

Bytes32 bytes32_of(const std::string& option, const std::string& text) {
    const auto bytes = bytes32_from_hex(text);
    if (!bytes) {
        throw tools::WrongCommandLine(option + ": '" + text + "' is not 64 hexadecimal digits.");
    }
    return *bytes;
}

ApiVersion api_version_of(const std::string& text) {
    return choice<ApiVersion>(
        "--api-version", text,
        {{"1.0", ApiVersion::kV1_0}, {"1.1", ApiVersion::kV1_1}, {"1.2", ApiVersion::kV1_2}});
}

Bytes32 porep_id_of(const std::string& text, std::uint64_t sector_size, ApiVersion version) {
    return text.empty() ? default_porep_id(sector_size, version) : bytes32_of("--porep-id", text);
}

}  // namespace pc1
