// Text as it must stand in systemd's units (systemd.syntax(7), systemd-escape(1)).
//
// None of these takes control characters or what isn't UTF-8: systemd can't be told such a path. Who calls
// has refused them.
#pragma once

#include <string>
#include <string_view>

namespace ctl {

// "/mnt/huge-1g" -> "mnt-huge\x2d1g": the name, without suffix, of the unit that is about a path. The path is
// absolute, without empty, "." and ".." parts.
[[nodiscard]] std::string unit_name_of(std::string_view path);

// Where the rest of the line is the value: only % is special.
[[nodiscard]] std::string unit_value(std::string_view text);

// Where the value is a list of words, as in Environment= and RequiresMountsFor=: in quotes.
[[nodiscard]] std::string unit_word(std::string_view text);

// A word of a command line, in which $ is special too; in quotes only where it needs them.
[[nodiscard]] std::string unit_argument(std::string_view text);

// Whether systemd takes it as the name of a service, "lotus@1.service".
[[nodiscard]] bool is_service_name(std::string_view text);

}  // namespace ctl
