// Status for people.
#include "tools/common/wording.h"
#include "tools/ctl/status/status.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <pwd.h>

#include <system_error>

#include <algorithm>
#include <ctime>

namespace ctl {
namespace {

using Side = Column::Side;
using Rows = std::vector<std::vector<Cell>>;

std::size_t bar_width(const Terminal& terminal) {
    return terminal.columns >= 120 ? 40 : 12;
}

std::string heading(const Terminal& terminal, const std::string& text) {
    return in_tone(terminal, Tone::strong, text) + "\n";
}

Cell count(std::size_t number, Tone tone_if_any = Tone::plain) {
    return {std::to_string(number), number > 0 ? tone_if_any : Tone::plain};
}

// A table whose last column is a bar, which only terminals have.
std::string table_with_bar(const Terminal& terminal, std::vector<Column> columns, Rows rows) {
    if (!terminal.has_bars) {
        columns.pop_back();
        for (auto& row : rows) {
            row.pop_back();
        }
    }
    return table(terminal, columns, rows);
}

std::string pages_text(const StatusReport& report, const Terminal& terminal) {
    if (report.pages.empty()) {
        return "No huge pages are reserved on any node; 'hugepagectl plan --help' tells how many it takes.\n";
    }
    Rows rows;
    for (const PageUse& use : report.pages) {
        const auto bytes = [&](std::uint64_t pages) { return size_text(pages * use.page_size.bytes); };
        const std::uint64_t used = use.files + use.other;
        rows.push_back(
            {{std::to_string(use.node.value)},
             {tools::page_size_text(use.page_size)},
             {bytes(use.total)},
             {bytes(use.files)},
             {bytes(use.other)},
             {bytes(use.free)},
             {fmt::format("{:.0f} %", 100.0 * static_cast<double>(used) / static_cast<double>(use.total))},
             {bar(terminal, static_cast<double>(used), static_cast<double>(use.total),
                  bar_width(terminal))}});
    }
    return heading(terminal, "Huge pages") + table_with_bar(terminal,
                                                            {{"NODE", Side::right},
                                                             {"PAGES OF", Side::right},
                                                             {"RESERVED", Side::right},
                                                             {"IN FILES", Side::right},
                                                             {"OTHER USE", Side::right},
                                                             {"FREE", Side::right},
                                                             {"USED", Side::right},
                                                             {""}},
                                                            rows);
}

std::string groups_text(const PoolSurvey& pool, const Terminal& terminal) {
    Rows rows;
    for (const FileGroup& group : groups_of({pool})) {
        const std::string elsewhere =
            group.pages_checked == 0 ? "not known"
                                     : fmt::format("{} of {}", group.pages_elsewhere, group.pages_checked);
        rows.push_back({{std::to_string(group.node.value)},
                        {size_text(group.size.bytes)},
                        count(group.files),
                        count(group.unusable, Tone::bad),
                        {elsewhere, group.pages_elsewhere > 0 ? Tone::bad : Tone::plain},
                        count(group.free, Tone::good),
                        count(group.leased, Tone::warning),
                        {bar(terminal, static_cast<double>(group.leased), static_cast<double>(group.files),
                             bar_width(terminal))}});
    }
    if (rows.empty()) {
        return "  no files\n";
    }
    return table_with_bar(terminal,
                          {{"NODE", Side::right},
                           {"FILES OF", Side::right},
                           {"FILES", Side::right},
                           {"UNUSABLE", Side::right},
                           {"ON WRONG NODE", Side::right},
                           {"FREE", Side::right},
                           {"LEASED", Side::right},
                           {""}},
                          rows);
}

std::string leases_text(const PoolSurvey& pool, const Terminal& terminal, std::int64_t now) {
    Rows rows;
    for (const SurveyedFile& file : pool.files) {
        if (!file.is_leased()) {
            continue;
        }
        for (const hugepage::Holder& holder : file.holders) {
            const std::int64_t since = holder.running_since;
            const bool is_gone = holder.command.empty();
            rows.push_back({{printable(file.name)},
                            {size_text(file.size.bytes)},
                            {std::to_string(holder.pid)},
                            {is_gone ? "(gone)" : printable(holder.command.view())},
                            {since != 0 ? local_time(since) : "?"},
                            {since != 0 ? duration_text(now - since) : "?"}});
        }
    }
    if (rows.empty()) {
        return {};
    }
    std::string text = fmt::format("\n{}", heading(terminal, "Leased"));
    return text.append(table(terminal,
                             {{"FILE", Side::left, true},
                              {"SIZE", Side::right},
                              {"PID", Side::right},
                              {"COMMAND"},
                              {"RUNS SINCE"},
                              {"FOR", Side::right}},
                             rows));
}

std::string faults_text(const PoolSurvey& pool, const Terminal& terminal) {
    std::string text;
    for (const SurveyedFile& file : pool.files) {
        if (file.refusal) {
            text += fmt::format("  {}: {}: {}\n", printable(file.name),
                                in_tone(terminal, Tone::bad, hugepage::name_of(file.refusal->reason)),
                                why(*file.refusal));
        } else if (file.placement && file.placement->elsewhere > 0) {
            text += fmt::format("  {}: some pages are on node {}: used, with a warning\n",
                                printable(file.name), file.placement->other.value);
        } else if (file.pages_error != 0) {
            text += fmt::format("  {}: its pages could not be looked at: {}\n", printable(file.name),
                                std::generic_category().message(file.pages_error));
        }
    }
    for (const Blind& blind : pool.blind) {
        text += fmt::format("  {}: could not be listed: {}\n", printable(blind.path),
                            std::generic_category().message(blind.error));
    }
    return text.empty() ? ""
                        : fmt::format("\n{}{}", heading(terminal, "Refused by the shim, or doubtful"), text);
}

std::string pool_text(const PoolSurvey& pool, const Terminal& terminal, std::int64_t now) {
    std::string title = fmt::format("\n{} {} ({}", in_tone(terminal, Tone::strong, "Pool"),
                                    printable(ctl::name_of(pool.choice.pattern)), pool.choice.source);
    title += pool.user != 0 ? fmt::format("; judged as for {})\n", printable(user_text(pool.user))) : ")\n";
    return title + groups_text(pool, terminal) + leases_text(pool, terminal, now) +
           faults_text(pool, terminal);
}

std::string remarks(const StatusReport& report) {
    std::string text;
    for (const Promised& promised : report.promised) {
        text += fmt::format("Promised to programs, not touched yet: {} of the free pages of {}.\n",
                            promised.pages, tools::page_size_text(promised.page_size));
    }
    const auto is_full = [](const PageUse& use) { return use.free == 0 && use.files > 0; };
    if (std::ranges::any_of(report.pages, is_full)) {
        text += "HugePages_Free is 0 where all pages are in files: nothing is lost.\n";
    }
    if (!report.pages.empty()) {
        text += "Huge pages are in no process's RSS: top, ps and free don't show whose they are.\n";
    }
    if (report.unseen_processes > 0) {
        text += fmt::format("What {} mapped could not be seen; root sees the most.\n",
                            report.unseen_processes == 1
                                ? "1 process has"
                                : fmt::format("{} processes have", report.unseen_processes));
    }
    return text;
}

}  // namespace

std::string status_text(const StatusReport& report, const Terminal& terminal) {
    std::string text = pages_text(report, terminal);
    for (const PoolSurvey& pool : report.pools) {
        text += pool_text(pool, terminal, report.now);
    }
    if (report.pools.empty()) {
        text +=
            "\nNo pool: no hugetlbfs mount has folders numa_<N>; say where it is by --path DIR, or make "
            "one:\n"
            "see 'hugepagectl plan --help' and 'hugepage-file-init --help'.\n";
    }
    const std::string more = remarks(report);
    return more.empty() ? text : fmt::format("{}\n{}", text, more);
}

std::string duration_text(std::int64_t seconds) {
    constexpr std::int64_t kMinute = 60;
    constexpr std::int64_t kHour = 60 * kMinute;
    constexpr std::int64_t kDay = 24 * kHour;
    seconds = std::max<std::int64_t>(seconds, 0);
    if (seconds < kMinute) {
        return fmt::format("{} s", seconds);
    }
    if (seconds < kHour) {
        return fmt::format("{} min", seconds / kMinute);
    }
    if (seconds < kDay) {
        return fmt::format("{} h {} min", seconds / kHour, seconds % kHour / kMinute);
    }
    return fmt::format("{} d {} h", seconds / kDay, seconds % kDay / kHour);
}

std::string local_time(std::int64_t time) {
    const std::time_t seconds = time;
    std::tm parts{};
    if (::localtime_r(&seconds, &parts) == nullptr) {
        return "?";
    }
    return fmt::format("{:%Y-%m-%d %H:%M}", parts);
}

std::string user_text(uid_t user) {
    const passwd* entry = ::getpwuid(user);
    return entry != nullptr ? entry->pw_name : fmt::format("uid {}", user);
}

}  // namespace ctl
