#include "tools/pool/request.h"

#include "shim/base/ids.h"
#include "tools/common/command_line.h"
#include "tools/common/failure.h"
#include "tools/common/values.h"
#include "tools/pool/places.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sys/stat.h>

#include <algorithm>

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

}  // namespace

std::string place_of(const FilePattern& pattern) {
    std::string folder(pattern.searched_folder().view());
    if (folder.size() > 1 && folder.ends_with('/')) {
        folder.pop_back();
    }
    return folder;
}

Request request_of(const RequestOptions& options, const Machine& machine) {
    if (options.size.empty()) {
        tools::refuse(fmt::format("{} is needed (example: 32GiB).", options.size_name));
    }
    Request request;
    request.size = ctl::size_of(options.size_name, options.size);
    request.size_option = fmt::format("{} {}", options.size_name, options.size);
    request.shares =
        ctl::shares_of(options.node, ctl::count_of("--num", options.num, ctl::kMostFiles), machine);
    request.page_size = ctl::page_size_of(options.page_size, machine);
    request.pattern = pattern_of(options.path, options.pattern);
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
    return request;
}

FilePattern pattern_of(const std::string& path, const std::string& pattern) {
    const auto typed = ctl::choice_of({.path = path, .pattern = tools::without_idle_slashes(pattern)});
    if (!typed) {
        tools::refuse("--path or --path-pattern is needed.");
    }
    const std::string text(typed->pattern.text());
    const std::string searched(typed->pattern.searched_folder().view());
    // Mounts are known by the paths that the kernel has for them: without links.
    const std::string folder = find_place(searched, kAnybody).path;
    const auto parsed = FilePattern::parse((folder == "/" ? "" : folder) + "/" +
                                           (searched.ends_with('/') ? text.substr(searched.size()) : text));
    if (!parsed) {
        tools::refuse(typed->source + ": the path is longer than the shim can use.");
    }
    return *parsed;
}

std::vector<std::string> paths_of(ByteSize size, std::size_t count, const std::string& folder) {
    std::string stem(hugepage::to_text(size).view());
    if (tools::parse_byte_size(stem) != size) {
        stem += "_" + std::to_string(size.bytes);
    }
    std::ranges::replace(stem, ' ', '_');
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < count; ++i) {
        paths.push_back(folder + "/" + stem + "_" + std::to_string(i));
    }
    return paths;
}

std::string ownership_arguments(const Request& request) {
    std::string text;
    if (request.owner) {
        text += " --user " + tools::quoted(ctl::user_text(*request.owner));
    }
    if (request.group) {
        text += fmt::format(" --group {}", *request.group);
    }
    if (request.mode) {
        text += fmt::format(" --mode {:04o}", *request.mode);
    }
    return text;
}

std::string setup_command(const Request& request) {
    std::vector<std::string> nodes;
    for (const Share& share : request.shares) {
        if (share.files > 0) {
            nodes.push_back(fmt::format("{}:{}", share.node.value, share.files));
        }
    }
    return fmt::format("sudo hugepagectl setup --size {} --node {}{} {}{}", tools::exact_text(request.size),
                       fmt::join(nodes, ","),
                       request.page_size ? " --page-size " + tools::exact_text(*request.page_size) : "",
                       ctl::option_of(request.pattern), ownership_arguments(request));
}

}  // namespace pool
