// Text files of any length, as sysfs and procfs hold them, read part by part; folders listed; numbers read
// strictly.
#pragma once

#include "shim/base/fd.h"
#include "shim/base/function_ref.h"
#include "shim/base/result.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace hugepage {

// Calls for each part of the text, without the character that ends it. A part longer than the buffer is cut.
// It is read buffer by buffer: what changes meanwhile may be missed.
[[nodiscard]] Status for_each_part(const char* path, char end, std::span<char> buffer,
                                   FunctionRef<void(std::string_view part)> visit) noexcept;

// Calls for each name in the folder except "." and "..", in the kernel's order. A name is terminated; it is
// gone after the call.
[[nodiscard]] Status for_each_entry(const char* folder,
                                    FunctionRef<void(std::string_view name)> visit) noexcept;
// The same of a folder that is open, until it gives true.
[[nodiscard]] Status for_each_entry_until(const Fd& folder,
                                          FunctionRef<bool(std::string_view name)> is_last) noexcept;

// Without white space at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;

// Decimal digits and nothing else, at most `largest`.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text,
                                                        std::uint64_t largest) noexcept;

}  // namespace hugepage
