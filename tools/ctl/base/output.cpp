#include "tools/ctl/base/output.h"

#include "tools/common/failure.h"
#include "tools/common/values.h"
#include "tools/common/wording.h"

#include <fmt/format.h>
#include <libsmartcols/libsmartcols.h>
#include <nlohmann/json.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

namespace ctl {
namespace {

std::size_t columns_of_stdout() {
    constexpr std::size_t kMost = 1000;
    if (const char* wanted = std::getenv("COLUMNS")) {
        if (const auto columns = tools::parse_count(wanted, kMost)) {
            return *columns;
        }
    }
    winsize size{};
    const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : Terminal{}.columns;
}

// nullptr: none.
const char* colour_of(Tone tone) {
    constexpr const char* kColours[] = {nullptr, "\033[1m", "\033[2m", "\033[32m", "\033[35m", "\033[31m"};
    return kColours[static_cast<std::size_t>(tone)];
}

}  // namespace

Terminal Terminal::of_stdout() {
    Terminal terminal;
    const char* kind = std::getenv("TERM");
    const char* no_colour = std::getenv("NO_COLOR");
    terminal.is_terminal = ::isatty(STDOUT_FILENO) == 1;
    terminal.can_redraw = terminal.is_terminal && kind != nullptr && std::string_view(kind) != "dumb";
    terminal.has_colours = terminal.can_redraw && (no_colour == nullptr || *no_colour == '\0');
    terminal.columns = columns_of_stdout();
    return terminal;
}

std::string in_tone(const Terminal& terminal, Tone tone, std::string_view text) {
    if (!terminal.has_colours || tone == Tone::plain || text.empty()) {
        return std::string(text);
    }
    return fmt::format("{}{}\033[0m", colour_of(tone), text);
}

// Laid out by util-linux's libsmartcols, which fails for want of memory alone.
std::string table(const Terminal& terminal, const std::vector<Column>& columns,
                  const std::vector<std::vector<Cell>>& rows) {
    const std::unique_ptr<libscols_table, decltype(&scols_unref_table)> made(scols_new_table(),
                                                                             scols_unref_table);
    scols_table_enable_colors(made.get(), terminal.has_colours ? 1 : 0);
    scols_table_set_termforce(made.get(),
                              terminal.is_terminal ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
    scols_table_set_termwidth(made.get(), terminal.columns);
    scols_table_set_column_separator(made.get(), "  ");
    scols_table_enable_noencoding(made.get(), 1);  // foreign text is printable() already, and escaped once
    bool is_made = true;
    for (const Column& column : columns) {
        const int flags =
            (column.side == Column::Side::right ? SCOLS_FL_RIGHT : 0) | (column.wraps ? SCOLS_FL_WRAP : 0);
        is_made = is_made && scols_table_new_column(made.get(), column.name.c_str(), 0, flags) != nullptr;
    }
    for (const auto& row : rows) {
        libscols_line* line = scols_table_new_line(made.get(), nullptr);
        for (std::size_t i = 0; is_made && i < row.size(); ++i) {
            is_made = scols_line_set_data(line, i, row[i].text.c_str()) == 0 &&
                      scols_cell_set_color(scols_line_get_cell(line, i), colour_of(row[i].tone)) == 0;
        }
    }
    char* text = nullptr;
    if (!is_made || scols_print_table_to_string(made.get(), &text) != 0) {
        throw std::bad_alloc();
    }
    const std::unique_ptr<char, decltype(&std::free)> owner(text, std::free);
    std::string result = text != nullptr ? text : "";
    if (!result.empty() && result.back() != '\n') {
        result += '\n';
    }
    return result;
}

std::string table(const Terminal& terminal, const std::vector<Field>& fields, const Json& rows) {
    std::vector<Column> columns;
    for (const Field& field : fields) {
        columns.push_back(field.column);
    }
    std::vector<std::vector<Cell>> cells;
    for (const Json& row : rows) {
        auto& line = cells.emplace_back();
        for (const Field& field : fields) {
            line.push_back(field.cell(row));
        }
    }
    return table(terminal, columns, cells);
}

Field count_field(std::string name, std::string key, Tone tone) {
    return {{std::move(name), Column::Side::right}, [key = std::move(key), tone](const Json& row) {
                const auto count = row.at(key).get<std::uint64_t>();
                return Cell{std::to_string(count), count > 0 ? tone : Tone::plain};
            }};
}

Field size_field(std::string name, std::string key) {
    return {{std::move(name), Column::Side::right}, [key = std::move(key)](const Json& row) {
                return Cell{size_text(row.at(key).get<std::uint64_t>())};
            }};
}

Field text_field(std::string name, std::string key, bool wraps) {
    return {{std::move(name), Column::Side::left, wraps}, [key = std::move(key)](const Json& row) {
                return Cell{printable(row.at(key).get<std::string>())};
            }};
}

std::string as_json(std::string_view command, const Json& report) {
    constexpr int kIndent = 2;
    Json all;
    all["schema_version"] = kSchemaVersion;
    all["command"] = command;
    all.update(report);
    return all.dump(kIndent, ' ', true, Json::error_handler_t::replace) + "\n";
}

std::string size_text(std::uint64_t bytes) {
    return tools::size_text(hugepage::ByteSize{bytes});
}

void print(const std::string& text) {
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
        throw tools::system_failure("write to stdout", errno);
    }
}

}  // namespace ctl
