// How results are shown: for people as text, in the width and colours of the terminal, or for programs as
// JSON.
#pragma once

#include "shim/base/byte_size.h"
#include "tools/common/log.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ctl {

using Json = nlohmann::ordered_json;
using tools::printable;

// What stdout can show.
struct Terminal {
    bool has_colours = false;  // a terminal, and neither NO_COLOR nor TERM=dumb
    bool is_terminal = false;
    bool can_redraw = false;   // a terminal whose cursor can be moved: not TERM=dumb
    std::size_t columns = 80;  // of a terminal; COLUMNS elsewhere

    // Of stdout and the environment.
    [[nodiscard]] static Terminal of_stdout();
};

enum class Tone { plain, strong, faint, good, warning, bad };

// The text in the tone's colour where there are colours. Colours are of the terminal's own first eight; not
// yellow, which can't be read on white.
[[nodiscard]] std::string in_tone(const Terminal& terminal, Tone tone, std::string_view text);

struct Column {
    std::string name;
    enum class Side { left, right } side = Side::left;
    bool wraps = false;  // where the line is too long for the terminal, this column takes several
};
struct Cell {
    std::string text;
    Tone tone = Tone::plain;
};
// Rows under headings. As wide as the terminal at most; of any width where stdout is none.
[[nodiscard]] std::string table(const Terminal& terminal, const std::vector<Column>& columns,
                                const std::vector<std::vector<Cell>>& rows);

// A column of a table whose rows are objects of a report's JSON, and what is shown of a row there.
struct Field {
    Column column;
    std::function<Cell(const Json& row)> cell;
};
[[nodiscard]] std::string table(const Terminal& terminal, const std::vector<Field>& fields, const Json& rows);

// Of one key of the row: a count, in the tone unless it is 0; a size in bytes; foreign text.
[[nodiscard]] Field count_field(std::string name, std::string key, Tone tone = Tone::plain);
[[nodiscard]] Field size_field(std::string name, std::string key);
[[nodiscard]] Field text_field(std::string name, std::string key, bool wraps = false);

// The version of what --json prints: a key is never renamed or given another meaning under one number.
inline constexpr int kSchemaVersion = 1;

// {"schema_version", "command", and the report's own keys}, for a person to read too: ASCII alone, as a name
// in it may hold characters that a terminal takes for a command.
[[nodiscard]] std::string as_json(std::string_view command, const Json& report);

// "32.0 GiB": sizes in text. In JSON they are bytes.
[[nodiscard]] std::string size_text(std::uint64_t bytes);

// To stdout; throws tools::Failure where it can't be written.
void print(const std::string& text);

}  // namespace ctl
