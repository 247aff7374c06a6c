#include "tools/ctl/program/shim_log.h"

#include "shim/core/text_file.h"

#include <array>
#include <charconv>
#include <numeric>

namespace ctl {
namespace {

using hugepage::log::Level;

constexpr std::string_view kCrate = "hugepage_shim::";

// What stands between the two, of the last `before`; nothing if they aren't there.
std::optional<std::string_view> between(std::string_view text, std::string_view before,
                                        std::string_view after) {
    const std::size_t at = text.rfind(before);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    text.remove_prefix(at + before.size());
    const std::size_t end = after.empty() ? text.size() : text.find(after);
    return end == std::string_view::npos ? std::nullopt : std::optional(text.substr(0, end));
}

int integer(std::optional<std::string_view> text) {
    return static_cast<int>(text ? hugepage::parse_number(*text, INT32_MAX).value_or(0) : 0);
}

double decimal(std::optional<std::string_view> text) {
    double value = 0;
    if (text) {
        std::from_chars(text->data(), text->data() + text->size(), value);
    }
    return value;
}

bool add_served(RunSummary& summary, std::string_view message) {
    constexpr std::string_view kBegin = "leased memory file: ";
    const std::size_t end = message.rfind("; memory_size: ");  // a path may have anything in it
    if (!message.starts_with(kBegin) || end == std::string_view::npos) {
        return false;
    }
    const std::string_view rest = message.substr(end);
    RunSummary::Served& served =
        summary.served[std::string(message.substr(kBegin.size(), end - kBegin.size()))];
    ++served.times;
    served.size = between(rest, "memory_size: ", ";").value_or("");
    served.page = between(rest, "page_size: ", ";").value_or("");
    served.wanted = integer(between(rest, "numa wanted: ", ","));
    served.found = integer(between(rest, "found: ", " "));
    served.ms += decimal(between(rest, "took ", " "));
    served.zero_ms += decimal(between(rest, "zero ", " "));
    return true;
}

bool add_missed(RunSummary& summary, std::string_view message) {
    if (!message.starts_with("unable to alloc numa memory")) {
        return false;
    }
    const std::string reason(between(message, "; reason: ", ";").value_or("unknown"));
    const int node = integer(between(message, "; numa: ", ";"));
    RunSummary::Missed& missed = summary.missed[{reason, node}];
    ++missed.times;
    const auto bytes = between(message, "memory_size: ", ";");
    missed.bytes = bytes ? hugepage::parse_number(*bytes, UINT64_MAX).value_or(0) : 0;
    const auto rest = between(message, "; reason: ", "");
    const std::size_t advice = rest ? rest->find("; ") : std::string_view::npos;
    missed.advice = advice == std::string_view::npos ? "" : std::string(rest->substr(advice + 2));
    return true;
}

bool add_refused(RunSummary& summary, std::string_view message) {
    constexpr std::string_view kBegin = "not using memory file: ";
    const std::size_t end = message.rfind("; reason: ");
    if (!message.starts_with(kBegin) || end == std::string_view::npos) {
        return false;
    }
    auto& [why, times] = summary.refused[std::string(message.substr(kBegin.size(), end - kBegin.size()))];
    why = message.substr(end + std::string_view("; reason: ").size());
    ++times;
    return true;
}

bool add_other_size(RunSummary& summary, std::string_view message) {
    if (!message.starts_with("passing on a request that no memory file's size equals")) {
        return false;
    }
    const auto bytes = between(message, "memory_size: ", " ");
    ++summary.other_sizes[bytes ? hugepage::parse_number(*bytes, UINT64_MAX).value_or(0) : 0];
    return true;
}

}  // namespace

std::optional<LogLine> parse_log_line(std::string_view line) {
    constexpr std::array<std::pair<std::string_view, Level>, 5> kLevels = {{{"ERROR", Level::error},
                                                                            {"WARN", Level::warn},
                                                                            {"INFO", Level::info},
                                                                            {"DEBUG", Level::debug},
                                                                            {"TRACE", Level::trace}}};
    const std::size_t time = line.find(' ');
    const std::size_t level = time == std::string_view::npos ? time : line.find(' ', time + 1);
    const std::size_t thread = level == std::string_view::npos ? level : line.find(' ', level + 1);
    if (thread == std::string_view::npos || !line.substr(level + 1).starts_with("ThreadId(") ||
        !line.substr(thread + 1).starts_with(kCrate)) {
        return std::nullopt;
    }
    LogLine result;
    const std::string_view word = line.substr(time + 1, level - time - 1);
    for (const auto& [name, value] : kLevels) {
        if (name == word) {
            result.level = value;
        }
    }
    const std::string_view rest = line.substr(thread + 1 + kCrate.size());
    const std::size_t colon = rest.find(": ");
    if (result.level == Level::off || colon == std::string_view::npos) {
        return std::nullopt;
    }
    result.module = rest.substr(0, colon);
    result.message = rest.substr(colon + 2);
    return result;
}

std::size_t RunSummary::times_served() const {
    return std::accumulate(served.begin(), served.end(), std::size_t{0},
                           [](std::size_t sum, const auto& entry) { return sum + entry.second.times; });
}

std::size_t RunSummary::times_missed() const {
    return std::accumulate(missed.begin(), missed.end(), std::size_t{0},
                           [](std::size_t sum, const auto& entry) { return sum + entry.second.times; });
}

void RunSummary::add(const LogLine& line) {
    const std::string_view message = line.message;
    if (add_served(*this, message) || add_missed(*this, message) || add_refused(*this, message) ||
        add_other_size(*this, message)) {
        return;
    }
    if (line.level <= Level::warn) {
        ++complaints[std::string(message)];
    }
}

}  // namespace ctl
