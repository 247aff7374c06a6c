#include "shim/base/byte_size.h"

#include "shim/base/text.h"

#include <cstddef>

namespace hugepage {

ByteSizeText to_text(ByteSize size) noexcept {
    constexpr std::string_view kUnits = "KMGTPE";
    ByteSizeText text;
    if (size.bytes < 1024) {
        return append(text, size.bytes, " B");
    }
    double value = static_cast<double>(size.bytes) / 1024;
    std::size_t power = 0;
    for (; value >= 1024 && power + 1 < kUnits.size(); ++power) {
        value /= 1024;
    }
    return append(text, Tenths{value}, " ", slice(kUnits, power, 1), "iB");
}

}  // namespace hugepage
