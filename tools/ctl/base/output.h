// How results are shown: for people as text, in the width and colours of the terminal, or for programs as
// JSON.
#pragma once

#include "shim/core/byte_size.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ctl {

// What stdout can show.
struct Terminal {
    bool has_colours = false;  // a terminal, and neither NO_COLOR nor TERM=dumb
    bool has_bars = false;     // a terminal: bars are drawn for people alone
    bool can_redraw = false;   // a terminal whose cursor can be moved: not TERM=dumb
    bool is_utf8 = false;
    std::size_t columns = 80;  // of a terminal; COLUMNS elsewhere

    // Of stdout and the environment.
    [[nodiscard]] static Terminal of_stdout();
};

enum class Tone { plain, strong, faint, good, warning, bad };

// The text in the tone's colour where there are colours. Colours are of the terminal's own first eight; not
// yellow, which can't be read on white.
[[nodiscard]] std::string in_tone(const Terminal& terminal, Tone tone, std::string_view text);

// Foreign text (paths, names of programs) with nothing in it that could move a cursor: control characters
// and what isn't UTF-8 become \xNN.
[[nodiscard]] std::string printable(std::string_view text);

// "[######......]", of so many columns; `part` of `whole` is full. Empty if there are no bars.
[[nodiscard]] std::string bar(const Terminal& terminal, double part, double whole, std::size_t columns);

struct Column {
    std::string name;
    enum class Side { left, right } side = Side::left;
    bool may_shrink = false;  // where the line is too long for the terminal, this column is cut
};
struct Cell {
    std::string text;
    Tone tone = Tone::plain;
};
// Rows under headings, each a line. As wide as the terminal at most; of any width where stdout is none.
[[nodiscard]] std::string table(const Terminal& terminal, const std::vector<Column>& columns,
                                const std::vector<std::vector<Cell>>& rows);

// The version of what --json prints: a key is never renamed or given another meaning under one number.
inline constexpr int kSchemaVersion = 1;

// {"schema_version", "command", and the report's own keys}, for a person to read too.
[[nodiscard]] std::string as_json(std::string_view command, const nlohmann::ordered_json& report);

// "32.0 GiB": sizes in text. In JSON they are bytes.
[[nodiscard]] std::string size_text(std::uint64_t bytes);

// To stdout; throws tools::Failure where it can't be written.
void print(const std::string& text);

}  // namespace ctl
