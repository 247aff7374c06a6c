#include "tools/pool/request.h"

#include "shim/base/ids.h"
#include "tools/common/failure.h"
#include "tools/common/values.h"
#include "tools/common/wording.h"
#include "tools/pool/places.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sys/stat.h>

#include <limits>

namespace pool {
namespace {

using hugepage::FilePattern;

// Nothing where the option was left out.
template <class Parse>
auto optional_value(const char* option, const std::string& text, const char* what, Parse parse)
    -> decltype(parse(text)) {
    if (text.empty()) {
        return {};
    }
    auto value = parse(text);
    if (!value) {
        tools::refuse(fmt::format("{}: '{}' is not a {}.", option, text, what));
    }
    return value;
}

void require_possible(const Request& request) {
    auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    for (const Share& share : request.shares) {
        if (request.size.bytes > most / share.files) {
            tools::refuse(
                fmt::format("--size: the total size of the files of {} overflows.", request.size_as_typed));
        }
        most -= request.size.bytes * share.files;
    }
}

}  // namespace

Request request_of(const RequestOptions& options, const Machine& machine) {
    if (options.size.empty()) {
        tools::refuse("--size is needed (example: 32GiB).");
    }
    Request request;
    request.size = ctl::size_of("--size", options.size);
    request.size_as_typed = options.size;
    request.shares =
        ctl::shares_of(options.node, ctl::count_of("--num", options.num, ctl::kMostFiles), machine);
    request.page_size = ctl::page_size_of(options.page_size, machine);
    PoolPlace place = pool_place(options.path, options.pattern);
    request.pattern = place.pattern;
    request.place = std::move(place.folder);
    request.where = std::move(place.option);
    request.owner = optional_value("--user", options.user, "user of this system", tools::parse_user);
    request.group = optional_value("--group", options.group, "group of this system", tools::parse_group);
    request.mode = optional_value("--mode", options.mode, "octal mode from 0 to 0777", tools::parse_mode);
    if ((request.mode.value_or(0) & S_IRWXO) != 0) {
        tools::refuse(
            "--mode: the shim refuses files with permissions for others; the last digit must be 0.");
    }
    if (!options.threads.empty()) {
        request.threads = static_cast<int>(ctl::count_of("--threads", options.threads, hugepage::kMaxCpus));
    }
    require_possible(request);
    return request;
}

PoolPlace pool_place(const std::string& path, const std::string& pattern) {
    if (path.empty() && pattern.empty()) {
        tools::refuse("--path or --path-pattern is needed.");
    }
    const std::string node(FilePattern::kPlaceholder);
    std::string head = path;
    std::string rest = "numa_" + node;
    if (!pattern.empty()) {
        const std::string clean = tools::without_idle_slashes(pattern);
        const std::size_t placeholder = clean.find(node);
        if (placeholder == std::string::npos) {
            tools::refuse(fmt::format(
                "--path-pattern: '{}' lacks $NUMA_NODE_INDEX (quote it: '$NUMA_NODE_INDEX').", pattern));
        }
        const std::size_t slash = clean.substr(0, placeholder).rfind('/');
        head = slash == std::string::npos ? "." : clean.substr(0, slash + 1);
        rest = slash == std::string::npos ? clean : clean.substr(slash + 1);
    }
    PoolPlace place;
    // Mounts are known by the paths that the kernel has for them: without links.
    place.folder = find_place(head, kAnybody).path;
    const std::string text = (place.folder == "/" ? "" : place.folder) + "/" + rest;
    place.option =
        pattern.empty() ? "--path " + tools::quoted(place.folder) : "--path-pattern " + tools::quoted(text);
    const auto parsed = FilePattern::parse(text);
    if (!parsed) {
        tools::refuse(
            fmt::format("{}: '{}' is too long.", pattern.empty() ? "--path" : "--path-pattern", text));
    }
    place.pattern = *parsed;
    return place;
}

std::string ownership_arguments(const Request& request) {
    std::string text;
    if (request.owner) {
        text += fmt::format(" --user {}", *request.owner);
    }
    if (request.group) {
        text += fmt::format(" --group {}", *request.group);
    }
    if (request.mode) {
        text += fmt::format(" --mode {:04o}", *request.mode);
    }
    return text;
}

std::string arguments_of(const Request& request, std::optional<ByteSize> page_size,
                         const std::string& where) {
    std::vector<std::string> nodes;
    for (const Share& share : request.shares) {
        nodes.push_back(fmt::format("{}:{}", share.node.value, share.files));
    }
    return fmt::format("--size {} --node {}{} {}{}", tools::exact_text(request.size), fmt::join(nodes, ","),
                       page_size ? " --page-size " + tools::exact_text(*page_size) : "", where,
                       ownership_arguments(request));
}

}  // namespace pool
