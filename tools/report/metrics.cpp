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

// A label's value between its quotes.
std::string label_text(const Json& value) {
    if (!value.is_string()) {
        return value.dump();
    }
    std::string result;
    for (const char c : printable(value.get<std::string>())) {
        result += c == '\\' || c == '"' ? fmt::format("\\{}", c) : std::string(1, c);
    }
    return result;
}

// False, and errno, if not all of it could be written.
bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
    return true;
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
            labels.push_back(fmt::format("{}=\"{}\"", label, label_text(row.at(key))));
        }
        for (const auto& [state, key] : metric.values) {
            const std::string more = *state != '\0' ? fmt::format(",state=\"{}\"", state) : "";
            text += fmt::format("hugepage_shim_{}{{{}{}}} {}\n", metric.name, fmt::join(labels, ","), more,
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
            throw tools::Failure(
                tools::ExitCode::failed,
                fmt::format("write {}: it is no regular file, and others than root can change "
                            "it: root doesn't write into it; remove it, or use another folder",
                            path));
        }
        const hugepage::Fd file(::open(target.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY));
        if (file.get() < 0 || !write_all(file.get(), content)) {
            throw tools::system_failure("write " + path, errno);
        }
        return;
    }
    std::string fresh = fmt::format("{}.{}.XXXXXX", folder, at.name);
    const hugepage::Fd file(::mkostemp(fresh.data(), O_CLOEXEC));
    if (file.get() < 0) {
        throw tools::system_failure("make a file beside " + path, errno);
    }
    constexpr mode_t kMode = 0644;
    if (!write_all(file.get(), content) || ::fchmod(file.get(), kMode) != 0 || ::fsync(file.get()) != 0 ||
        ::rename(fresh.c_str(), target.c_str()) != 0) {
        const int error = errno;
        ::unlink(fresh.c_str());
        throw tools::system_failure("write " + path, error);
    }
}

}  // namespace ctl
