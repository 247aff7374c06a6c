#include "tools/ctl/findings.h"

#include "tools/common/values.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace ctl {
namespace {

constexpr Verdict kBestFirst[] = {Verdict::ok, Verdict::unseen, Verdict::warn, Verdict::fail};

Tone tone_of(Verdict verdict) {
    constexpr Tone kTones[] = {Tone::good, Tone::warning, Tone::bad, Tone::warning};
    return kTones[static_cast<std::size_t>(verdict)];
}

}  // namespace

void to_json(Json& json, const Finding& finding) {
    json = {{"id", finding.id},
            {"verdict", name_of(finding.verdict)},
            {"what", finding.what},
            {"why", finding.why},
            {"next", finding.next}};
}

Json findings_report(const Findings& findings) {
    Json report = {{"findings", findings}};
    for (const Verdict verdict : kBestFirst) {
        report[name_of(verdict)] = count(findings, verdict);
    }
    return report;
}

std::string findings_text(const Json& findings, const Terminal& terminal) {
    constexpr std::size_t kNarrow = 70;  // terminal, in which a column of ids would leave too little
    const bool is_narrow = terminal.columns != 0 && terminal.columns < kNarrow;
    std::size_t verdict_width = 4;
    std::size_t id_width = 0;
    for (const Json& finding : findings) {
        verdict_width = std::max(verdict_width, text_in(finding, "verdict").size());
        id_width = std::max(id_width, text_in(finding, "id").size());
    }
    const std::size_t indent = verdict_width + 2 + (is_narrow ? 0 : id_width + 2);
    std::string text;
    for (const Verdict verdict : kBestFirst) {
        const std::size_t before = text.size();
        for (const Json& finding : findings) {
            if (finding.at("verdict") != name_of(verdict)) {
                continue;
            }
            const std::string id = text_in(finding, "id");
            const std::string lead = fmt::format("{:<{}}", name_of(verdict), verdict_width);
            const std::string what =
                paragraph(terminal, (is_narrow ? id + ": " : "") + text_in(finding, "what"), indent);
            text += in_tone(terminal, tone_of(verdict), lead) +
                    (is_narrow ? "  " : fmt::format("  {:<{}}  ", id, id_width)) + what.substr(indent) +
                    paragraph(terminal, text_in(finding, "why"), indent, Tone::faint);
            if (!text_in(finding, "next").empty()) {
                text += std::string(indent, ' ') +
                        in_tone(terminal, Tone::strong, "> " + text_in(finding, "next")) + "\n";
            }
        }
        text += text.size() > before ? "\n" : "";
    }
    return text;
}

std::string summary_text(const Json& report, const Terminal& terminal, const char* if_any_fails) {
    const auto found = [&](Verdict verdict) { return count_in(report, name_of(verdict)); };
    const std::uint64_t unseen = found(Verdict::unseen);
    const Verdict worst = found(Verdict::fail) > 0            ? Verdict::fail
                          : found(Verdict::warn) + unseen > 0 ? Verdict::warn
                                                              : Verdict::ok;
    const char* text = worst == Verdict::fail   ? if_any_fails
                       : worst == Verdict::warn ? "It works, with reservations: "
                                                : "All is well: ";
    return in_tone(terminal, tone_of(worst), text) +
           fmt::format("{}, {}, {}{} ok.\n", tools::counted(found(Verdict::fail), "failure"),
                       tools::counted(found(Verdict::warn), "warning"),
                       unseen > 0 ? fmt::format("{} unseen, ", unseen) : "", found(Verdict::ok));
}

}  // namespace ctl
