// Sizes as people write them.
#pragma once

#include "shim/core/fixed_string.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hugepage {

struct ByteSize {
    std::uint64_t bytes = 0;

    constexpr auto operator<=>(const ByteSize&) const noexcept = default;
};

// "1B 2KB 3kiB 1MB 2MiB 3GB 1.5GiB 4096": KB, MB, … are powers of 1000, KiB, MiB, … powers of 1024, in any
// case, with or without a blank before the unit and with or without the B ("2Mi"); no unit is bytes. A
// fraction is allowed where it comes out as whole bytes. Nothing if the text is anything else or does not fit
// 64 bits.
[[nodiscard]] std::optional<ByteSize> parse_byte_size(std::string_view text) noexcept;

// In binary units with one decimal, as "32.0 GiB"; below 1 KiB "512 B". Lossy: for people and file names.
using ByteSizeText = FixedString<24>;
[[nodiscard]] ByteSizeText to_text(ByteSize size) noexcept;

// The shortest exact form that parse_byte_size reads back, as "32GiB" or "1000B": for commands to type.
[[nodiscard]] ByteSizeText to_exact_text(ByteSize size) noexcept;

}  // namespace hugepage
