#include "tools/report/report.h"

#include <fmt/chrono.h>
#include <libsmartcols/libsmartcols.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <new>

namespace ctl {
namespace {

// nullptr: none.
const char* colour_of(Tone tone) {
    constexpr const char* kColours[] = {nullptr, "\033[1m", "\033[2m", "\033[32m", "\033[35m", "\033[31m"};
    return kColours[static_cast<std::size_t>(tone)];
}

// Characters, not bytes: those that continue one don't count.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::string in_tone(const Terminal& terminal, Tone tone, std::string_view text) {
    if (!terminal.has_colours || tone == Tone::plain || text.empty()) {
        return std::string(text);
    }
    return fmt::format("{}{}\033[0m", colour_of(tone), text);
}

std::string paragraph(const Terminal& terminal, std::string_view text, std::size_t indent, Tone tone) {
    constexpr std::size_t kNarrowest = 20;
    constexpr std::size_t kWidest = 120;
    const std::size_t columns =
        terminal.columns == 0
            ? std::string_view::npos
            : std::clamp(terminal.columns - std::min(terminal.columns, indent), kNarrowest, kWidest);
    std::string lines;
    std::string line;
    const auto end_line = [&] {
        lines += std::string(indent, ' ') + in_tone(terminal, tone, line) + "\n";
        line.clear();
    };
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        if (!line.empty() && width_of(line) + 1 + width_of(word) > columns) {
            end_line();
        }
        line.append(line.empty() ? "" : " ").append(word);
    }
    if (!line.empty()) {
        end_line();
    }
    return lines;
}

// Laid out by util-linux's libsmartcols, which fails only when memory is short.
std::string table(const Terminal& terminal, const std::vector<Field>& fields, const Json& rows) {
    const std::unique_ptr<libscols_table, decltype(&scols_unref_table)> made(scols_new_table(),
                                                                             scols_unref_table);
    scols_table_enable_colors(made.get(), terminal.has_colours ? 1 : 0);
    scols_table_set_termforce(made.get(),
                              terminal.columns > 0 ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
    scols_table_set_termwidth(made.get(), terminal.columns);
    scols_table_set_column_separator(made.get(), "  ");
    scols_table_enable_noencoding(made.get(), 1);  // foreign text is printable() already, and escaped once
    bool is_made = true;
    for (const auto& [column, cell] : fields) {
        const int flags =
            (column.side == Column::Side::right ? SCOLS_FL_RIGHT : 0) | (column.wraps ? SCOLS_FL_WRAP : 0);
        is_made = is_made && scols_table_new_column(made.get(), column.name.c_str(), 0, flags) != nullptr;
    }
    for (const Json& row : rows) {
        libscols_line* line = scols_table_new_line(made.get(), nullptr);
        for (std::size_t i = 0; is_made && i < fields.size(); ++i) {
            const Cell cell = fields[i].cell(row);
            is_made = scols_line_set_data(line, i, cell.text.c_str()) == 0 &&
                      scols_cell_set_color(scols_line_get_cell(line, i), colour_of(cell.tone)) == 0;
        }
    }
    char* text = nullptr;
    if (!is_made || scols_print_table_to_string(made.get(), &text) != 0) {
        throw std::bad_alloc();
    }
    const std::unique_ptr<char, decltype(&std::free)> owner(text, std::free);
    std::string result = text != nullptr ? text : "";
    return result.empty() || result.ends_with('\n') ? result : result + "\n";
}

std::uint64_t count_in(const Json& object, const char* key) {
    return object.at(key).get<std::uint64_t>();
}

void add_to(Json& object, const char* key, std::uint64_t more) {
    object[key] = count_in(object, key) + more;
}

std::string text_in(const Json& object, const char* key) {
    return printable(object.at(key).get<std::string>());
}

Field count_field(const char* name, const char* key, Tone tone) {
    return {{name, Column::Side::right}, [key, tone](const Json& row) {
                const std::uint64_t count = count_in(row, key);
                return Cell{std::to_string(count), count > 0 ? tone : Tone::plain};
            }};
}

Field size_field(const char* name, const char* key) {
    return {{name, Column::Side::right},
            [key](const Json& row) { return Cell{size_text({count_in(row, key)})}; }};
}

Field page_size_field(const char* name, const char* key) {
    return {{name, Column::Side::right},
            [key](const Json& row) { return Cell{tools::page_size_text({count_in(row, key)})}; }};
}

Field text_field(const char* name, const char* key, bool wraps) {
    return {{name, Column::Side::left, wraps}, [key](const Json& row) { return Cell{text_in(row, key)}; }};
}

Field length_field(const char* name, const char* key, Tone tone) {
    return {{name, Column::Side::right}, [key, tone](const Json& row) {
                const std::size_t length = row.at(key).size();
                return Cell{std::to_string(length), length > 0 ? tone : Tone::plain};
            }};
}

std::string as_json(std::string_view command, const Json& report, Layout layout) {
    Json all = {{"schema_version", kSchemaVersion}, {"command", command}};
    all.update(report);
    return all.dump(layout == Layout::line ? -1 : 2, ' ', true, Json::error_handler_t::replace) + "\n";
}

std::string local_time(std::int64_t seconds) {
    return fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(static_cast<std::time_t>(seconds)));
}

}  // namespace ctl
