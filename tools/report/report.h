// Reports: made once, as JSON, and shown as that, as text for people in the width and colours of the
// terminal, or as metrics.
#pragma once

#include "shim/base/byte_size.h"
#include "tools/common/command_line.h"
#include "tools/common/log.h"
#include "tools/common/terminal.h"
#include "tools/common/values.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ctl {

using Json = nlohmann::ordered_json;
using tools::print;
using tools::printable;
using tools::size_text;  // in text; in JSON sizes are bytes
using tools::Terminal;

enum class Tone { plain, strong, faint, good, warning, bad };

// The text in the tone's colour where there are colours. Colours are of the terminal's own first eight; not
// yellow, which can't be read on white.
[[nodiscard]] std::string in_tone(const Terminal& terminal, Tone tone, std::string_view text);

// Lines of at most the terminal's width (and of 120, as longer ones are hard to read), broken at blanks, each
// after the indent. A word that is longer has a line of its own.
[[nodiscard]] std::string paragraph(const Terminal& terminal, std::string_view text, std::size_t indent = 0,
                                    Tone tone = Tone::plain);

struct Column {
    std::string name;
    enum class Side { left, right } side = Side::left;
    bool wraps = false;  // where the line is too long for the terminal, this column takes several
};
struct Cell {
    std::string text;
    Tone tone = Tone::plain;
};
// A column of a table whose rows are objects of a report's JSON, and what is shown of a row there.
struct Field {
    Column column;
    std::function<Cell(const Json& row)> cell;
};
// Rows under headings, as wide as the terminal at most.
[[nodiscard]] std::string table(const Terminal& terminal, const std::vector<Field>& fields, const Json& rows);

// The array of what the function makes of each.
template <class Range, class MakeRow, class List = Json>
[[nodiscard]] List list_of(const Range& range, const MakeRow& make_row) {
    List list = List::array();
    for (const auto& one : range) {
        list.push_back(make_row(one));
    }
    return list;
}

// Of one key of an object: a count; foreign text, printable.
[[nodiscard]] std::uint64_t count_in(const Json& object, const char* key);
void add_to(Json& object, const char* key, std::uint64_t more);
[[nodiscard]] std::string text_in(const Json& object, const char* key);

// Of one key of the row: a count, in the tone unless it is 0; a size in bytes; a size of pages; foreign text.
[[nodiscard]] Field count_field(const char* name, const char* key, Tone tone = Tone::plain);
[[nodiscard]] Field size_field(const char* name, const char* key);
[[nodiscard]] Field page_size_field(const char* name, const char* key);
[[nodiscard]] Field text_field(const char* name, const char* key, bool wraps = false);
[[nodiscard]] Field length_field(const char* name, const char* key, Tone tone = Tone::plain);  // of an array

// A metric of Prometheus: what its rows, objects of a report's JSON, say under each of the keys. A label has
// the value of its key; `values` have the label `state`, if it isn't empty.
struct Metric {
    const char* name;
    const char* help;
    std::vector<std::pair<const char*, const char*>> labels;  // and their keys
    std::vector<std::pair<const char*, const char*>> values;  // and their keys
};
// In Prometheus's text format, for node_exporter's textfile collector.
[[nodiscard]] std::string metric_text(const Metric& metric, const Json& rows);

// The version of what --json prints: a key is never renamed or given another meaning under one number.
inline constexpr int kSchemaVersion = 2;

// {"schema_version", "command", and the report's own keys}, for a person to read too: ASCII alone, as a name
// in it may hold characters that a terminal takes for a command. In one line where several follow each other.
enum class Layout { indented, line };
[[nodiscard]] std::string as_json(std::string_view command, const Json& report,
                                  Layout layout = Layout::indented);

// "2026-01-01 00:00" of Unix time, where the user is.
[[nodiscard]] std::string local_time(std::int64_t seconds);

// Writes a file so that a reader sees the old content or the new, whole, also after a crash; its mode is
// 0644. A reader of the folder may see a name beside it for a moment, which begins with a dot. Into what is
// there and is no regular file (a link, a device, a pipe) it is written instead; root refuses one that
// another user could have put there, and follows no link of theirs on the way. Throws tools::Failure.
void replace_file(const std::string& path, const std::string& content);

}  // namespace ctl
