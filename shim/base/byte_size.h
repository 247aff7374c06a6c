// Sizes as people write them.
#pragma once

#include "shim/base/text.h"

#include <compare>
#include <cstdint>

namespace hugepage {

struct ByteSize {
    std::uint64_t bytes = 0;

    constexpr auto operator<=>(const ByteSize&) const noexcept = default;
};

// In binary units with one decimal, as "32.0 GiB"; below 1 KiB "512 B". Lossy: for people and file names.
using ByteSizeText = FixedString<24>;
[[nodiscard]] ByteSizeText to_text(ByteSize size) noexcept;

}  // namespace hugepage
