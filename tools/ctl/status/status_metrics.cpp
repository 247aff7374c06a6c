// Status for Prometheus. Few labels, and none that grows with time: no pid, no path.
#include "tools/ctl/status/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace ctl {
namespace {

std::string escaped(std::string_view value) {
    std::string result;
    for (const char c : value) {
        if (c == '\\' || c == '"') {
            result += '\\';
        }
        result += c == '\n' ? "\\n" : std::string(1, c);
    }
    return result;
}

// The lines of one metric: HELP and TYPE once, before the first.
class Metric {
  public:
    Metric(std::string& text, std::string_view name, std::string_view help) : text_(text), name_(name) {
        text_ += fmt::format("# HELP hugepage_shim_{} {}\n# TYPE hugepage_shim_{} gauge\n", name, help, name);
    }
    void add(const std::string& labels, std::uint64_t value) {
        text_ += fmt::format("hugepage_shim_{}{{{}}} {}\n", name_, labels, value);
    }

  private:
    std::string& text_;
    std::string_view name_;
};

void add_pages(std::string& text, const std::vector<PageUse>& pages, bool in_bytes) {
    Metric metric(text, in_bytes ? "page_bytes" : "pages",
                  in_bytes ? "Bytes of reserved huge pages, by what they are used for."
                           : "Reserved huge pages, by what they are used for.");
    for (const PageUse& use : pages) {
        const auto add = [&](const char* state, std::uint64_t count) {
            metric.add(fmt::format(R"(node="{}",page_size="{}",state="{}")", use.node.value,
                                   use.page_size.bytes, state),
                       count * (in_bytes ? use.page_size.bytes : 1));
        };
        add("free", use.free);
        add("files", use.files);
        add("other", use.other);
    }
}

std::string labels_of(const FileGroup& group) {
    return fmt::format(R"(node="{}",size="{}")", group.node.value, group.size.bytes);
}

}  // namespace

std::string status_metrics(const StatusReport& report, const std::string& version) {
    const auto groups = groups_of(report.pools);
    std::string text;
    Metric(text, "info", "The version of hugepagectl that wrote this.")
        .add(fmt::format(R"(version="{}")", escaped(version)), 1);
    add_pages(text, report.pages, false);
    add_pages(text, report.pages, true);

    Metric files(text, "files", "Memory files, by whether somebody has them and the shim would use them.");
    for (const FileGroup& group : groups) {
        files.add(labels_of(group) + R"(,state="free")", group.free);
        files.add(labels_of(group) + R"(,state="leased")", group.leased);
        files.add(labels_of(group) + R"(,state="unusable")", group.unusable);
    }
    Metric oldest(text, "oldest_holder_seconds",
                  "How long the longest-running process that holds such a file has been running; no lease is "
                  "older. 0 if none is leased.");
    for (const FileGroup& group : groups) {
        const std::int64_t age = group.oldest_holder_since != 0 ? report.now - group.oldest_holder_since : 0;
        oldest.add(labels_of(group), static_cast<std::uint64_t>(std::max<std::int64_t>(age, 0)));
    }
    Metric checked(text, "checked_pages", "Pages of files that were looked at, an even sample.");
    for (const FileGroup& group : groups) {
        checked.add(labels_of(group), group.pages_checked);
    }
    Metric misplaced(text, "misplaced_pages", "Of those, pages on another node than their folder says.");
    for (const FileGroup& group : groups) {
        misplaced.add(labels_of(group), group.pages_elsewhere);
    }
    return text;
}

}  // namespace ctl
