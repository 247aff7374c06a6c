// Tables, laid out by util-linux's libsmartcols.
#include "tools/ctl/base/output.h"

#include <libsmartcols/libsmartcols.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

namespace ctl {
namespace {

const char* colour_of(Tone tone) {
    switch (tone) {
        case Tone::plain:
            return nullptr;
        case Tone::strong:
            return "\033[1m";
        case Tone::faint:
            return "\033[2m";
        case Tone::good:
            return "\033[32m";
        case Tone::warning:
            return "\033[35m";
        case Tone::bad:
            return "\033[31m";
    }
    return nullptr;
}

int flags_of(const Column& column) {
    return (column.side == Column::Side::right ? SCOLS_FL_RIGHT : 0) |
           (column.may_shrink ? SCOLS_FL_TRUNC : 0);
}

void fill(libscols_line* line, std::size_t column, const Cell& cell) {
    if (scols_line_set_data(line, column, cell.text.c_str()) != 0) {
        throw std::bad_alloc();
    }
    if (const char* colour = colour_of(cell.tone)) {
        scols_cell_set_color(scols_line_get_cell(line, column), colour);
    }
}

}  // namespace

std::string table(const Terminal& terminal, const std::vector<Column>& columns,
                  const std::vector<std::vector<Cell>>& rows) {
    const std::unique_ptr<libscols_table, decltype(&scols_unref_table)> made(scols_new_table(),
                                                                             scols_unref_table);
    if (!made) {
        throw std::bad_alloc();
    }
    scols_table_enable_colors(made.get(), terminal.has_colours ? 1 : 0);
    scols_table_set_termforce(made.get(), terminal.has_bars ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
    scols_table_set_termwidth(made.get(), terminal.columns);
    scols_table_set_column_separator(made.get(), "  ");
    scols_table_enable_noencoding(made.get(), 1);  // foreign text is printable() already, and escaped once
    for (const Column& column : columns) {
        if (scols_table_new_column(made.get(), column.name.c_str(), 0, flags_of(column)) == nullptr) {
            throw std::bad_alloc();
        }
    }
    for (const auto& row : rows) {
        libscols_line* line = scols_table_new_line(made.get(), nullptr);
        for (std::size_t i = 0; line != nullptr && i < row.size(); ++i) {
            fill(line, i, row[i]);
        }
    }
    char* text = nullptr;
    if (scols_print_table_to_string(made.get(), &text) != 0) {
        throw std::bad_alloc();
    }
    const std::unique_ptr<char, decltype(&std::free)> owner(text, std::free);
    std::string result = text != nullptr ? text : "";
    if (!result.empty() && result.back() != '\n') {
        result += '\n';
    }
    return result;
}

}  // namespace ctl
