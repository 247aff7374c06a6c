// Status for Prometheus. Few labels, and none that grows with time: no pid, no file.
#include "tools/common/failure.h"
#include "tools/common/fd.h"
#include "tools/ctl/status/status.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

namespace ctl {
namespace {

// A label's value between its quotes.
std::string escaped(const std::string& value) {
    std::string result;
    for (const char c : printable(value)) {
        result += c == '\\' || c == '"' ? fmt::format("\\{}", c) : std::string(1, c);
    }
    return result;
}

// One metric: what its rows, objects of the report's JSON, say under each of the keys. A label has a key's
// value.
struct Metric {
    const char* name;
    const char* help;
    std::vector<std::pair<const char*, const char*>> labels;  // and their keys
    std::vector<std::pair<const char*, const char*>>
        values;  // the label `state` they have, if any, and their keys
};

std::string text_of(const Json& value) {
    return value.is_string() ? escaped(value.get<std::string>()) : value.dump();
}

void add(std::string& text, const Metric& metric, const Json& rows) {
    text += fmt::format("# HELP hugepage_shim_{0} {1}\n# TYPE hugepage_shim_{0} gauge\n", metric.name,
                        metric.help);
    for (const Json& row : rows) {
        std::vector<std::string> labels;
        for (const auto& [label, key] : metric.labels) {
            labels.push_back(fmt::format("{}=\"{}\"", label, text_of(row.at(key))));
        }
        for (const auto& [state, key] : metric.values) {
            const std::string more = *state != '\0' ? fmt::format(",state=\"{}\"", state) : "";
            text += fmt::format("hugepage_shim_{}{{{}{}}} {}\n", metric.name, fmt::join(labels, ","), more,
                                row.at(key).dump());
        }
    }
}

}  // namespace

std::string status_metrics(const Json& report, const std::string& version) {
    std::string text;
    add(text,
        {"info", "The version of hugepagectl that wrote this.", {{"version", "version"}}, {{"", "one"}}},
        Json::array({{{"version", version}, {"one", 1}}}));
    add(text,
        {"page_bytes",
         "Bytes of huge pages, by what they are used for.",
         {{"node", "node"}, {"page_size", "page_bytes"}},
         {{"free", "free_bytes"}, {"files", "files_bytes"}, {"other", "other_bytes"}}},
        report.at("pages"));
    Json groups = Json::array();
    for (const Json& pool : report.at("pools")) {
        for (const Json& group : pool.at("groups")) {
            groups.push_back(group);
            groups.back()["pool"] = pool.at("name");
        }
    }
    const auto add_of_groups = [&](const char* name, const char* help, const auto& values) {
        add(text, {name, help, {{"pool", "pool"}, {"node", "node"}, {"size", "size_bytes"}}, values}, groups);
    };
    using Values = decltype(Metric::values);
    add_of_groups("files", "Memory files, by whether somebody has them and the shim would use them.",
                  Values{{"free", "free"}, {"leased", "leased"}, {"unusable", "unusable"}});
    add_of_groups("oldest_holder_seconds",
                  "How long the longest-running process that holds such a file has been running; no lease is "
                  "older. 0 if none is leased.",
                  Values{{"", "oldest_holder_seconds"}});
    add_of_groups("checked_pages", "Pages of files that were looked at.", Values{{"", "pages_checked"}});
    add_of_groups("misplaced_pages", "Of those, pages on another node than their folder says.",
                  Values{{"", "pages_elsewhere"}});
    return text;
}

void replace_file(const std::string& path, const std::string& content) {
    struct stat facts {};
    if (::lstat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode)) {
        if (!(std::ofstream(path) << content << std::flush)) {
            throw tools::system_failure("write " + path, errno);
        }
        return;
    }
    const std::filesystem::path target(path);
    std::string fresh =
        (target.parent_path() / fmt::format(".{}.XXXXXX", target.filename().string())).string();
    const tools::Fd file(::mkostemp(fresh.data(), O_CLOEXEC));
    if (file.get() < 0) {
        throw tools::system_failure("make a file beside " + path, errno);
    }
    constexpr mode_t kMode = 0644;
    const bool is_written = (std::ofstream(fresh) << content << std::flush) &&
                            ::fchmod(file.get(), kMode) == 0 && ::fsync(file.get()) == 0;
    if (!is_written || ::rename(fresh.c_str(), path.c_str()) != 0) {
        const int error = errno;
        ::unlink(fresh.c_str());
        throw tools::system_failure("write " + path, error);
    }
}

}  // namespace ctl
