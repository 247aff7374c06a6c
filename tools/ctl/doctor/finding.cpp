#include "tools/ctl/doctor/finding.h"

#include "tools/common/wording.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace ctl {
namespace {

constexpr std::size_t kNarrowest = 20;  // columns of text, however narrow the terminal is
constexpr std::size_t kWidest = 120;    // longer lines are hard to read

// Characters, not bytes: those that continue one don't count.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// Broken at blanks; a word that is longer than a line has one of its own.
std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
    std::vector<std::string> lines;
    std::string line;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!line.empty() && width_of(line) + 1 + width_of(word) > columns) {
            lines.push_back(std::exchange(line, {}));
        }
        line += line.empty() ? "" : " ";
        line += word;
    }
    lines.push_back(line);
    return lines;
}

Tone tone_of(Verdict verdict) {
    constexpr Tone kTones[] = {Tone::good, Tone::warning, Tone::bad};
    return kTones[static_cast<std::size_t>(verdict)];
}

}  // namespace

const char* name_of(Verdict verdict) {
    constexpr const char* kNames[] = {"ok", "warn", "fail"};
    return kNames[static_cast<std::size_t>(verdict)];
}

Finding ok(std::string id, std::string found, std::string means) {
    return {std::move(id), Verdict::ok, std::move(found), std::move(means), {}};
}

Finding warn(std::string id, std::string found, std::string means, std::string next) {
    return {std::move(id), Verdict::warn, std::move(found), std::move(means), std::move(next)};
}

Finding fail(std::string id, std::string found, std::string means, std::string next) {
    return {std::move(id), Verdict::fail, std::move(found), std::move(means), std::move(next)};
}

void append(Findings& all, Findings more) {
    std::ranges::move(more, std::back_inserter(all));
}

std::size_t count(const Findings& findings, Verdict verdict) {
    return static_cast<std::size_t>(std::ranges::count(findings, verdict, &Finding::verdict));
}

std::string findings_text(const Findings& findings, const Terminal& terminal) {
    std::size_t id_width = 0;
    for (const Finding& finding : findings) {
        id_width = std::max(id_width, finding.id.size());
    }
    const std::string indent(4 + 2 + id_width + 2, ' ');  // verdict, id
    const std::size_t columns =
        std::clamp(terminal.columns - std::min(terminal.columns, indent.size()), kNarrowest, kWidest);
    std::string text;
    for (const Verdict verdict : {Verdict::ok, Verdict::warn, Verdict::fail}) {
        for (const Finding& finding : findings) {
            if (finding.verdict != verdict) {
                continue;
            }
            std::string lead = fmt::format(
                "{}  {:<{}}  ", in_tone(terminal, tone_of(verdict), fmt::format("{:<4}", name_of(verdict))),
                finding.id, id_width);
            for (const std::string& line : wrapped(printable(finding.found), columns)) {
                text += std::exchange(lead, indent) + line + "\n";
            }
            for (const std::string& line : wrapped(printable(finding.means), columns)) {
                text += line.empty() ? "" : indent + in_tone(terminal, Tone::faint, line) + "\n";
            }
            if (!finding.next.empty()) {
                text += indent + in_tone(terminal, Tone::strong, "> " + printable(finding.next)) + "\n";
            }
        }
        text += count(findings, verdict) > 0 ? "\n" : "";
    }
    const std::size_t failures = count(findings, Verdict::fail);
    const std::size_t warnings = count(findings, Verdict::warn);
    const Verdict worst = failures > 0 ? Verdict::fail : warnings > 0 ? Verdict::warn : Verdict::ok;
    const char* verdict = worst == Verdict::fail   ? "It will not work as it is: "
                          : worst == Verdict::warn ? "It works, with reservations: "
                                                   : "All is well: ";
    return text + in_tone(terminal, tone_of(worst), verdict) +
           fmt::format("{}, {}, {} ok.\n", tools::counted(failures, "failure"),
                       tools::counted(warnings, "warning"), count(findings, Verdict::ok));
}

nlohmann::ordered_json findings_report(const Findings& findings) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Finding& finding : findings) {
        list.push_back({{"id", finding.id},
                        {"verdict", name_of(finding.verdict)},
                        {"found", finding.found},
                        {"means", finding.means},
                        {"next", finding.next}});
    }
    return {{"findings", list},
            {"ok", count(findings, Verdict::ok)},
            {"warn", count(findings, Verdict::warn)},
            {"fail", count(findings, Verdict::fail)}};
}

}  // namespace ctl
