#include "tools/ctl/status/verify.h"

#include "shim/core/text_file.h"
#include "tools/common/wording.h"
#include "tools/ctl/status/status.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <system_error>

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

namespace ctl {
namespace {

using Json = nlohmann::ordered_json;
using hugepage::Reason;

std::string shell(const std::string& path) {
    return tools::quoted(path);
}

// The size of this file, or, if it has none, that of most others.
ByteSize wanted_size(const SurveyedFile& file, const PoolSurvey& pool) {
    const auto is_whole = [](const SurveyedFile& one) {
        return one.size.bytes > 0 && one.file_system.page_size.bytes > 0 &&
               one.size.bytes % one.file_system.page_size.bytes == 0;
    };
    if (is_whole(file)) {
        return file.size;
    }
    std::map<ByteSize, std::size_t> sizes;
    for (const SurveyedFile& one : pool.files) {
        if (is_whole(one)) {
            ++sizes[one.size];
        }
    }
    const auto most = std::ranges::max_element(sizes, {}, [](const auto& entry) { return entry.second; });
    return most != sizes.end() ? most->first : ByteSize{};
}

// hugepage-file-init makes files _0 to _<num - 1> and keeps those that are right.
std::size_t wanted_number(const SurveyedFile& file, const PoolSurvey& pool, ByteSize size) {
    constexpr std::uint64_t kMost = 4095;
    const auto alike = std::ranges::count_if(
        pool.files, [&](const SurveyedFile& one) { return one.node == file.node && one.size == size; });
    const std::string_view name(file.path);
    const auto index = hugepage::parse_number(name.substr(name.rfind('_') + 1), kMost);
    return std::max<std::size_t>(static_cast<std::size_t>(alike), index ? *index + 1 : 1);
}

std::string make_anew(const SurveyedFile& file, const PoolSurvey& pool) {
    const ByteSize size = wanted_size(file, pool);
    std::string command = "rm " + shell(file.path);
    if (size.bytes == 0) {
        return command;
    }
    command += fmt::format(" && hugepage-file-init --node {} --num {} --size {} {}", file.node.value,
                           wanted_number(file, pool, size), hugepage::to_exact_text(size).view(),
                           option_of(pool.choice.pattern));
    return pool.user == 0 ? command : command + " --user " + shell(user_text(pool.user));
}

std::string make_safe(const SurveyedFile& file, const PoolSurvey& pool) {
    if (file.size.bytes == 0) {
        return "rm " + shell(file.path);  // a link
    }
    std::string command;
    if (file.owner != 0 && file.owner != pool.user) {
        command = fmt::format("chown {} {}", shell(user_text(pool.user)), shell(file.path));
    }
    if ((file.mode & S_IRWXO) != 0) {
        command += (command.empty() ? "" : " && ") + fmt::format("chmod o= {}", shell(file.path));
    }
    if (command.empty()) {
        const std::string folder = shell(file.path.substr(0, file.path.rfind('/')));
        command = fmt::format("chown root {} && chmod o-w {}", folder, folder);
    }
    return command;
}

std::string remedy_of(Reason reason, const SurveyedFile& file, const PoolSurvey& pool) {
    if (reason == Reason::insecure) {
        return make_safe(file, pool);
    }
    if (reason == Reason::permission) {
        return fmt::format("chown {} {} && chmod u+rw {}", shell(user_text(pool.user)), shell(file.path),
                           shell(file.path));
    }
    return make_anew(file, pool);
}

FileVerdict wrong(Reason reason, std::string text, const SurveyedFile& file, const PoolSurvey& pool) {
    return {Judgement::wrong, std::string(hugepage::name_of(reason)), std::move(text),
            remedy_of(reason, file, pool)};
}

std::string pages_elsewhere(const SurveyedFile& file) {
    return fmt::format("{} of {} are on another node than {}, some on node {}", file.placement->elsewhere,
                       tools::counted(file.placement->checked, "page"), file.node.value,
                       file.placement->other.value);
}

std::string holders_of(const SurveyedFile& file) {
    std::string text;
    for (const hugepage::Holder& holder : file.holders) {
        text +=
            fmt::format("{}{} ({})", text.empty() ? "" : ", ", holder.pid, printable(holder.command.view()));
    }
    return text;
}

std::string line_of(const SurveyedFile& file, const FileVerdict& verdict, const Terminal& terminal) {
    std::string text =
        fmt::format("{} {}: {}: {}\n",
                    in_tone(terminal, verdict.verdict == Judgement::wrong ? Tone::bad : Tone::warning,
                            verdict.verdict == Judgement::wrong ? "wrong" : "not seen"),
                    printable(file.path), verdict.reason, verdict.why);
    if (file.is_leased()) {
        text += fmt::format("  leased by {}; once that has ended:\n", holders_of(file));
    }
    return text + "  " + printable(verdict.remedy) + "\n";
}

struct Counts {
    std::size_t files = 0;
    std::size_t right = 0;
    std::size_t wrong = 0;
    std::size_t not_seen = 0;
    std::size_t pages = 0;

    void add(const SurveyedFile& file, Judgement verdict) {
        ++files;
        right += verdict == Judgement::right ? 1 : 0;
        wrong += verdict == Judgement::wrong ? 1 : 0;
        not_seen += verdict == Judgement::not_seen ? 1 : 0;
        pages += file.placement ? file.placement->checked : 0;
    }
};

Cell cell(std::size_t count, Tone tone_if_any) {
    return {std::to_string(count), count > 0 ? tone_if_any : Tone::plain};
}

std::string table_of(const PoolSurvey& pool, const Terminal& terminal, Counts& all, std::string& lines) {
    std::map<std::pair<NodeId, ByteSize>, Counts> groups;
    for (const SurveyedFile& file : pool.files) {
        const FileVerdict verdict = judge(file, pool);
        groups[{file.node, file.size}].add(file, verdict.verdict);
        all.add(file, verdict.verdict);
        if (verdict.verdict != Judgement::right) {
            lines += line_of(file, verdict, terminal);
        }
    }
    std::vector<std::vector<Cell>> rows;
    for (const auto& [key, counts] : groups) {
        rows.push_back({{std::to_string(key.first.value)},
                        {size_text(key.second.bytes)},
                        {std::to_string(counts.files)},
                        cell(counts.right, Tone::good),
                        cell(counts.wrong, Tone::bad),
                        cell(counts.not_seen, Tone::warning),
                        {std::to_string(counts.pages)}});
    }
    using Side = Column::Side;
    return table(terminal,
                 {{"NODE", Side::right},
                  {"FILES OF", Side::right},
                  {"FILES", Side::right},
                  {"RIGHT", Side::right},
                  {"WRONG", Side::right},
                  {"NOT SEEN", Side::right},
                  {"PAGES SEEN", Side::right}},
                 rows);
}

}  // namespace

const char* name_of(Judgement verdict) {
    constexpr const char* kNames[] = {"right", "wrong", "not_seen"};
    return kNames[static_cast<std::size_t>(verdict)];
}

FileVerdict judge(const SurveyedFile& file, const PoolSurvey& pool) {
    if (is_for_want_of_rights(file)) {
        return {Judgement::not_seen, "permission", why(*file.refusal), "type the same with sudo"};
    }
    if (file.refusal && file.refusal->reason != Reason::misplaced) {
        return wrong(file.refusal->reason, why(*file.refusal), file, pool);
    }
    if (file.pages_error == EHWPOISON) {
        return wrong(Reason::map_failed, "a page's memory is damaged", file, pool);
    }
    if (file.pages_error != 0) {
        return {Judgement::not_seen, "pages",
                "its pages could not be looked at: " + std::generic_category().message(file.pages_error),
                "hugepagectl verify " + option_of(pool.choice.pattern)};
    }
    if (file.placement && file.placement->elsewhere > 0) {
        return wrong(Reason::misplaced, pages_elsewhere(file), file, pool);
    }
    if (!file.placement || file.placement->absent > 0) {
        return {Judgement::not_seen, "pages", "the kernel doesn't tell where all of its pages are",
                "hugepagectl verify " + option_of(pool.choice.pattern)};
    }
    return {};
}

tools::ExitCode exit_code_of(const std::vector<PoolSurvey>& pools) {
    bool all_seen = true;
    for (const PoolSurvey& pool : pools) {
        all_seen = all_seen && pool.blind.empty();
        for (const SurveyedFile& file : pool.files) {
            const Judgement verdict = judge(file, pool).verdict;
            if (verdict == Judgement::wrong) {
                return tools::ExitCode::check_failed;
            }
            all_seen = all_seen && verdict == Judgement::right;
        }
    }
    return all_seen ? tools::ExitCode::done : tools::ExitCode::partial;
}

std::string verify_text(const std::vector<PoolSurvey>& pools, const Terminal& terminal) {
    std::string text;
    Counts all;
    for (const PoolSurvey& pool : pools) {
        std::string lines;
        text += fmt::format("{} {} ({}{})\n", in_tone(terminal, Tone::strong, "Pool"),
                            printable(ctl::name_of(pool.choice.pattern)), pool.choice.source,
                            pool.user != 0 ? "; judged as for " + printable(user_text(pool.user)) : "");
        text += table_of(pool, terminal, all, lines);
        for (const Blind& folder : pool.blind) {
            ++all.not_seen;
            lines +=
                fmt::format("{} {}: could not be listed: {}\n", in_tone(terminal, Tone::warning, "not seen"),
                            printable(folder.path), std::generic_category().message(folder.error));
        }
        text += (lines.empty() ? "" : "\n") + lines + "\n";
    }
    if (all.wrong + all.not_seen == 0) {
        return text +
               in_tone(terminal, Tone::good,
                       fmt::format("All right: {} with {}, each on its folder's node.",
                                   tools::counted(all.files, "file"), tools::counted(all.pages, "page"))) +
               "\n";
    }
    return text + fmt::format("Of {}, {} right, {} wrong, {} not seen.\n", tools::counted(all.files, "file"),
                              all.right, all.wrong, all.not_seen);
}

nlohmann::ordered_json verify_json(const std::vector<PoolSurvey>& pools) {
    Json list = Json::array();
    for (const PoolSurvey& pool : pools) {
        Json files = Json::array();
        for (const SurveyedFile& file : pool.files) {
            const FileVerdict verdict = judge(file, pool);
            Json json = json_of(file);
            json["verdict"] = name_of(verdict.verdict);
            json["reason"] = verdict.reason.empty() ? Json(nullptr) : Json(verdict.reason);
            json["why"] = verdict.why.empty() ? Json(nullptr) : Json(verdict.why);
            json["remedy"] = verdict.remedy.empty() ? Json(nullptr) : Json(verdict.remedy);
            files.push_back(json);
        }
        Json blind = Json::array();
        for (const Blind& folder : pool.blind) {
            blind.push_back(
                {{"path", folder.path}, {"error", std::generic_category().message(folder.error)}});
        }
        list.push_back({{"pattern", std::string(pool.choice.pattern.text())},
                        {"source", pool.choice.source},
                        {"user_id", pool.user},
                        {"files", files},
                        {"not_listed", blind}});
    }
    return {{"right", exit_code_of(pools) == tools::ExitCode::done}, {"pools", list}};
}

}  // namespace ctl
