// Values as people write them: those of options, read strictly, to the last character or not at all; sizes
// and counts as messages have them.
#pragma once

#include "shim/base/byte_size.h"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tools {

// "1B 2KB 3kiB 1MB 2MiB 3GB 1.5GiB 4096": KB, MB, … are powers of 1000, KiB, MiB, … powers of 1024, in any
// case, with or without a blank before the unit and with or without the B ("2Mi"); no unit is bytes. A
// fraction is allowed where it comes out as whole bytes. Nothing if the text is anything else or does not fit
// 64 bits.
[[nodiscard]] std::optional<hugepage::ByteSize> parse_byte_size(std::string_view text);

// Decimal, 1 <= value <= largest.
[[nodiscard]] std::optional<std::size_t> parse_count(std::string_view text, std::size_t largest);

// Permission bits in octal, as "0600" or "640"; nothing above 0777.
[[nodiscard]] std::optional<mode_t> parse_mode(std::string_view text);

// The value of an option: a size of more than 0; a count, 1 <= value <= largest. Throw Failure (usage), which
// names the option, what was written and what would be right.
[[nodiscard]] hugepage::ByteSize size_of(const std::string& option, const std::string& text);
[[nodiscard]] std::size_t count_of(const std::string& option, const std::string& text, std::size_t largest);

// A name that the system knows, or a number.
[[nodiscard]] std::optional<uid_t> parse_user(const std::string& text);
[[nodiscard]] std::optional<gid_t> parse_group(const std::string& text);
// "sealer", or "1234" where nobody is called that: as --user takes it.
[[nodiscard]] std::string user_text(uid_t user);

// What stands between characters that separate.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text, std::string_view separators);

// A path without doubled and closing slashes, otherwise as it was.
[[nodiscard]] std::string without_idle_slashes(std::string_view path);

// The same number of the binary unit in place of a decimal one: 32 GiB of "32GB", 2 MiB of "2 m". Nothing if
// the unit is binary already, or if there is none.
[[nodiscard]] std::optional<hugepage::ByteSize> in_binary_unit(std::string_view size);

// "32.0 GiB"
[[nodiscard]] std::string size_text(hugepage::ByteSize size);

// The shortest exact form, as it has to be typed: "32GiB" or "1000B"
[[nodiscard]] std::string exact_text(hugepage::ByteSize size);

// "2 MiB", for sizes of pages, which are round
[[nodiscard]] std::string page_size_text(hugepage::ByteSize size);

// "2M", as mount(8) takes it
[[nodiscard]] std::string mount_size_text(hugepage::ByteSize size);

// "1 file", "2 files"
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace tools
