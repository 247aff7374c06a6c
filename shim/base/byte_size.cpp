#include "shim/base/byte_size.h"

#include "shim/base/text.h"

#include <cstddef>

namespace hugepage {
namespace {

constexpr std::string_view kUnits = "KMGTPE";

}  // namespace

ByteSizeText to_text(ByteSize size) noexcept {
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

ByteSizeText to_exact_text(ByteSize size) noexcept {
    std::uint64_t count = size.bytes;
    std::size_t power = 0;
    for (; count >= 1024 && count % 1024 == 0 && power < kUnits.size(); ++power) {
        count /= 1024;
    }
    ByteSizeText text;
    return power == 0 ? append(text, count, "B") : append(text, count, slice(kUnits, power - 1, 1), "iB");
}

}  // namespace hugepage
