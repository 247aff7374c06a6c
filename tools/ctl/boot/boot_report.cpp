#include "tools/ctl/boot/boot_report.h"

#include "tools/ctl/base/output.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace ctl {
namespace {

using Kind = UnitChange::Kind;

struct Words {
    const char* done;
    const char* shown;
    const char* key;
    Tone tone;
};

Words words_of(Kind kind) {
    switch (kind) {
        case Kind::keep:
            return {"unchanged", "right", "unchanged", Tone::faint};
        case Kind::write:
            return {"written", "missing", "written", Tone::good};
        case Kind::replace:
            return {"rewritten", "differs", "rewritten", Tone::warning};
        case Kind::remove:
            return {"removed", "no longer wanted", "removed", Tone::warning};
    }
    return {};
}

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

std::string marked(char mark, const std::string& line) {
    return line.empty() ? fmt::format("  {}\n", mark) : fmt::format("  {} {}\n", mark, printable(line));
}

// The files, each with what was done to it or what it is.
std::string list(const BootReport& report, const Terminal& terminal) {
    const bool shows = report.action == "show";
    std::vector<std::vector<Cell>> rows;
    for (const UnitChange& change : report.changes) {
        const Words words = words_of(change.kind);
        const char* state = shows ? words.shown : words.done;
        if (shows && !report.config_error.empty()) {
            state = "installed";
        }
        const Tone tone = shows && change.kind == Kind::write ? Tone::warning : words.tone;
        rows.push_back({{state, tone}, {printable(report.root + change.file.path)}});
    }
    return table(terminal, {{.name = "STATE"}, {.name = "FILE"}}, rows);
}

std::string differences(const BootReport& report) {
    std::string text;
    for (const UnitChange& change : report.changes) {
        if (change.kind == Kind::keep || !report.config_error.empty()) {
            continue;
        }
        text += fmt::format("\n{}\n", printable(report.root + change.file.path));
        if (change.file.is_link) {
            const bool goes = change.kind == Kind::remove;
            text += marked(goes ? '-' : '+', fmt::format("-> {}", change.file.content));
        } else {
            text += line_difference(change.before, change.kind == Kind::remove ? "" : change.file.content);
        }
    }
    return text;
}

}  // namespace

// The longest sequence of lines that both have stays; units are short, so the plain way to it will do.
std::string line_difference(const std::string& before, const std::string& after) {
    const auto old_lines = lines_of(before);
    const auto new_lines = lines_of(after);
    std::vector<std::vector<std::size_t>> common(old_lines.size() + 1,
                                                 std::vector<std::size_t>(new_lines.size() + 1));
    for (std::size_t i = old_lines.size(); i-- > 0;) {
        for (std::size_t j = new_lines.size(); j-- > 0;) {
            common[i][j] = old_lines[i] == new_lines[j] ? common[i + 1][j + 1] + 1
                                                        : std::max(common[i + 1][j], common[i][j + 1]);
        }
    }
    std::string text;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < old_lines.size() || j < new_lines.size()) {
        if (i < old_lines.size() && j < new_lines.size() && old_lines[i] == new_lines[j]) {
            ++i;
            ++j;
        } else if (i < old_lines.size() && (j == new_lines.size() || common[i + 1][j] >= common[i][j + 1])) {
            text += marked('-', old_lines[i++]);
        } else {
            text += marked('+', new_lines[j++]);
        }
    }
    return text;
}

std::string boot_text(const BootReport& report) {
    std::string text;
    if (!report.changes.empty()) {
        text = list(report, Terminal::of_stdout());
        if (report.action == "show") {
            text += differences(report);
        }
        text += "\n";
    }
    if (!report.enabled.empty() || !report.active.empty()) {
        text += fmt::format("{} is {}, and {}.\n", kBootService,
                            report.enabled.empty() ? "unknown to systemd" : report.enabled,
                            report.active.empty() ? "not asked about" : report.active);
    }
    for (const std::string& note : report.notes) {
        text += printable(note) + "\n";
    }
    return text;
}

nlohmann::ordered_json boot_json(const BootReport& report) {
    nlohmann::ordered_json files = nlohmann::ordered_json::array();
    for (const UnitChange& change : report.changes) {
        const bool goes = change.kind == Kind::remove;
        const bool is_there = change.kind != Kind::write;
        nlohmann::ordered_json file = {{"path", report.root + change.file.path},
                                       {"change", words_of(change.kind).key},
                                       {"is_link", change.file.is_link},
                                       {"before", nullptr},
                                       {"after", nullptr}};
        if (is_there) {
            file["before"] = change.kind == Kind::keep ? change.file.content : change.before;
        }
        if (!goes && report.config_error.empty()) {
            file["after"] = change.file.content;
        }
        files.push_back(file);
    }
    nlohmann::ordered_json json = {{"action", report.action},
                                   {"done", report.is_done},
                                   {"config", report.root + report.config},
                                   {"as_configured", report.is_as_configured()},
                                   {"services", report.services},
                                   {"files", files},
                                   {"notes", report.notes}};
    const auto known = [](const std::string& text) {
        return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
    };
    json["config_error"] = known(report.config_error);
    json["enabled"] = known(report.enabled);
    json["active"] = known(report.active);
    return json;
}

}  // namespace ctl
