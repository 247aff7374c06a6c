// Reports for Prometheus, and files that are replaced as a whole.
#include "shim/base/fd.h"
#include "tools/common/failure.h"
#include "tools/pool/places.h"
#include "tools/report/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace ctl {
namespace {

// A label's value in its quotes, in which a text that is printable looks as in JSON.
std::string label_text(const Json& value) {
    return Json(value.is_string() ? printable(value.get<std::string>()) : value.dump()).dump();
}

bool others_may_change(const struct stat& facts, const struct stat& folder) {
    const bool is_writable = (folder.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (folder.st_mode & S_ISVTX) == 0;
    return facts.st_uid != 0 || folder.st_uid != 0 || is_writable;
}

}  // namespace

std::string metric_text(const Metric& metric, const Json& rows) {
    std::string text = fmt::format("# HELP hugepage_shim_{0} {1}\n# TYPE hugepage_shim_{0} gauge\n",
                                   metric.name, metric.help);
    for (const Json& row : rows) {
        std::vector<std::string> labels;
        for (const auto& [label, key] : metric.labels) {
            labels.push_back(fmt::format("{}={}", label, label_text(row.at(key))));
        }
        for (const auto& [state, key] : metric.values) {
            std::vector<std::string> all = labels;
            if (*state != '\0') {
                all.push_back(fmt::format("state=\"{}\"", state));
            }
            text += fmt::format("hugepage_shim_{}{} {}\n", metric.name,
                                all.empty() ? "" : fmt::format("{{{}}}", fmt::join(all, ",")),
                                row.at(key).dump());
        }
    }
    return text;
}

void replace_file(const std::string& path, const std::string& content) {
    const pool::Name at = pool::name_at(path, pool::kAnybody);
    const std::string folder = pool::own_path(at.folder.get()) + "/";
    const std::string target = folder + at.name;
    struct stat around {};
    struct stat facts {};
    if (::fstat(at.folder.get(), &around) == 0 && ::lstat(target.c_str(), &facts) == 0 &&
        !S_ISREG(facts.st_mode)) {
        if (::geteuid() == 0 && others_may_change(facts, around)) {
            tools::fail(
                "write {}: it is no regular file, and others than root can change it: root doesn't write "
                "into it; remove it, or use another folder",
                path);
        }
        const hugepage::Fd file(::open(target.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY));
        if (file.get() < 0 || !pool::write_all(file.get(), content)) {
            throw tools::system_failure("write " + path, errno);
        }
        return;
    }
    if (!pool::replace_file(at.folder, at.name, fmt::format(".{}.{}", at.name, ::getpid()), content)) {
        throw tools::system_failure("write " + path, errno);
    }
}

}  // namespace ctl
