#include "tools/ctl/run/run_report.h"

#include "tools/common/wording.h"
#include "tools/ctl/base/output.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <sys/wait.h>

namespace ctl {
namespace {

std::string times_text(std::size_t times) {
    return times == 1 ? "once" : std::to_string(times) + " times";
}

std::string line(const char* what, const std::string& text) {
    return fmt::format("  {:<11}  {}\n", what, printable(text));
}

std::string served_line(const std::string& path, const RunSummary::Served& served) {
    const auto times = static_cast<double>(served.times);
    const std::string nodes = served.wanted == served.found
                                  ? fmt::format("node {}", served.found)
                                  : fmt::format("node {}, wanted {}", served.found, served.wanted);
    return line("served",
                fmt::format("{}: {} in pages of {}, {}, {}, {:.1f} ms{} ({:.1f} ms of it zeroing)", path,
                            served.size, served.page, nodes, times_text(served.times), served.ms / times,
                            served.times == 1 ? "" : " each", served.zero_ms / times));
}

}  // namespace

std::string summary_text(const RunSummary& summary) {
    std::string text = fmt::format("hugepagectl: {} served from files, {} not\n",
                                   tools::counted(summary.times_served(), "request"), summary.times_missed());
    for (const auto& [path, served] : summary.served) {
        text += served_line(path, served);
    }
    for (const auto& [key, missed] : summary.missed) {
        const auto& [reason, node] = key;
        text +=
            line("not served", fmt::format("{} on node {}, {}, {}: {}", reason, node,
                                           times_text(missed.times), size_text(missed.bytes), missed.advice));
    }
    for (const auto& [path, why] : summary.refused) {
        text += line("not used", fmt::format("{}: {}", path, why.first));
    }
    for (const auto& [bytes, times] : summary.other_sizes) {
        text += line(
            "passed on",
            fmt::format("requests of {} ({} bytes): no file has that size; if it is a sector's buffer, make "
                        "files of it with hugepage-file-init",
                        size_text(bytes), bytes));
    }
    for (const auto& [message, times] : summary.complaints) {
        text += line("complaint", message);
    }
    if (summary.served.empty() && summary.missed.empty() && summary.other_sizes.empty() &&
        summary.complaints.empty()) {
        text +=
            "  The shim wrote nothing: the command asked for no memory of a file's size, by a call that the "
            "library sees\n  (calloc needs --heap), or ran as a user who may not write to the log.\n";
    }
    return text;
}

nlohmann::ordered_json summary_report(const RunSummary& summary, int wait_status) {
    using Json = nlohmann::ordered_json;
    Json served = Json::array();
    for (const auto& [path, one] : summary.served) {
        served.push_back({{"path", path},
                          {"times", one.times},
                          {"size", one.size},
                          {"page_size", one.page},
                          {"node_wanted", one.wanted},
                          {"node", one.found},
                          {"milliseconds", one.ms},
                          {"zeroing_milliseconds", one.zero_ms}});
    }
    Json missed = Json::array();
    for (const auto& [key, one] : summary.missed) {
        missed.push_back({{"reason", key.first},
                          {"node", key.second},
                          {"times", one.times},
                          {"size_bytes", one.bytes},
                          {"next", one.advice}});
    }
    Json refused = Json::array();
    for (const auto& [path, why] : summary.refused) {
        refused.push_back({{"path", path}, {"why", why.first}, {"times", why.second}});
    }
    Json other = Json::array();
    for (const auto& [bytes, times] : summary.other_sizes) {
        other.push_back(bytes);
    }
    Json complaints = Json::array();
    for (const auto& [message, times] : summary.complaints) {
        complaints.push_back({{"message", message}, {"times", times}});
    }
    const bool exited = WIFEXITED(wait_status);
    return {{"exit_status", exited ? Json(WEXITSTATUS(wait_status)) : Json()},
            {"signal", exited ? Json() : Json(WTERMSIG(wait_status))},
            {"times_served", summary.times_served()},
            {"times_not_served", summary.times_missed()},
            {"served", served},
            {"not_served", missed},
            {"files_not_used", refused},
            {"other_sizes_bytes", other},
            {"complaints", complaints}};
}

}  // namespace ctl
