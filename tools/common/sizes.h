// Sizes as people type them.
#pragma once

#include "shim/base/byte_size.h"

#include <optional>
#include <string_view>

namespace hugepage {

// "1B 2KB 3kiB 1MB 2MiB 3GB 1.5GiB 4096": KB, MB, … are powers of 1000, KiB, MiB, … powers of 1024, in any
// case, with or without a blank before the unit and with or without the B ("2Mi"); no unit is bytes. A
// fraction is allowed where it comes out as whole bytes. Nothing if the text is anything else or does not fit
// 64 bits.
[[nodiscard]] std::optional<ByteSize> parse_byte_size(std::string_view text) noexcept;

}  // namespace hugepage
