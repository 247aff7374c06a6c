// Values on the command line, checked to their last character. All throw tools::WrongCommandLine, naming the
// option.
#pragma once

#include "tools/common/command_line.h"
#include "tools/pc1/graph.h"

#include <cstdint>
#include <string>
#include <utility>

namespace pc1 {

// Of --sector-size: a size that a sector can have, in bytes.
[[nodiscard]] std::uint64_t sector_size_of(const std::string& text);

// A decimal number from `least` to `most`.
[[nodiscard]] std::uint64_t number_of(const std::string& option, const std::string& text, std::uint64_t least,
                                      std::uint64_t most);

[[nodiscard]] Bytes32 bytes32_of(const std::string& option, const std::string& text);

// Of --api-version.
[[nodiscard]] ApiVersion api_version_of(const std::string& text);

// Of --porep-id; if left out (empty), the default of that size and version.
[[nodiscard]] Bytes32 porep_id_of(const std::string& text, std::uint64_t sector_size, ApiVersion version);

// The value that goes by this name.
template <class Value, std::size_t N>
[[nodiscard]] Value choice(const std::string& option, const std::string& text,
                           const std::pair<const char*, Value> (&choices)[N]) {
    std::string known;
    for (const auto& [name, value] : choices) {
        if (text == name) {
            return value;
        }
        known += known.empty() ? "" : ", ";
        known += name;
    }
    throw tools::WrongCommandLine(option + ": '" + text + "' is none of " + known + ".");
}

}  // namespace pc1
