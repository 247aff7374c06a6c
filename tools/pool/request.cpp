#include "tools/pool/request.h"

#include "shim/base/ids.h"
#include "tools/common/command_line.h"
#include "tools/common/failure.h"
#include "tools/common/values.h"
#include "tools/pool/places.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <utility>

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
        tools::refuse("{}: '{}' is not a {}.", option, text, what);
    }
    return value;
}

hugepage::NodeSet nodes_in(const std::string& text, const char* example) {
    const auto set = hugepage::parse_node_list(text);
    if (!set || set->empty()) {
        tools::refuse("--node: '{}' is no list of nodes; write all, 0,1 or {}.", text, example);
    }
    return *set;
}

// "all": each node that has memory; "0,1" or "0-3": those; "0:4,1:2": those, with a number of files of their
// own. Without one a node has `files`. In ascending order, each once.
std::vector<Share> shares_of(const std::string& text, std::size_t files, const Machine& machine) {
    std::map<NodeId, std::size_t> shares;
    for (const ctl::Node& node : machine.nodes) {
        if (text == "all" && node.memory.bytes > 0) {
            shares.emplace(node.id, files);
        }
    }
    const auto parts = text == "all" ? std::vector<std::string>{} : CLI::detail::split(text + ',', ',');
    for (const std::string& part : parts) {
        const std::size_t colon = part.find(':');
        const std::size_t own = colon == std::string::npos
                                    ? files
                                    : tools::count_of("--node", part.substr(colon + 1), kMostFiles);
        hugepage::NodeSet nodes = nodes_in(part.substr(0, colon), "0:4,1:2");
        for (auto node = nodes.first(); node; node = nodes.first()) {
            if (machine.find(*node) == nullptr) {
                tools::refuse("--node: there is no node {}; this machine has {}.", node->value,
                              machine.node_list());
            }
            if (!shares.emplace(*node, own).second) {
                tools::refuse("--node: node {} is named twice.", node->value);
            }
            nodes.remove(*node);
        }
    }
    std::vector<Share> result;
    for (const auto& [node, count] : shares) {
        result.push_back({node, count});
    }
    return result;
}

// "auto": nothing. Else a size of pages that the kernel knows.
std::optional<ByteSize> page_size_of(const std::string& text, const Machine& machine) {
    if (text == "auto") {
        return std::nullopt;
    }
    const ByteSize size = tools::size_of("--page-size", text);
    if (!machine.has_page_size(size)) {
        std::vector<std::string> known;
        for (const ByteSize one : machine.page_sizes) {
            known.push_back(tools::exact_text(one));
        }
        tools::refuse("--page-size: this kernel has no huge pages of {}, but of {}.", text,
                      known.empty() ? "no size at all" : fmt::format("{}", fmt::join(known, ", ")));
    }
    return size;
}

}  // namespace

std::optional<hugepage::NodeSet> nodes_of(const std::string& text) {
    return text == "all" ? std::nullopt : std::optional(nodes_in(text, "0-3"));
}

std::string place_of(const FilePattern& pattern) {
    std::string folder(pattern.searched_folder().view());
    if (folder.size() > 1 && folder.ends_with('/')) {
        folder.pop_back();
    }
    return folder;
}

Request request_of(const RequestOptions& options, const Machine& machine) {
    if (options.size.empty()) {
        tools::refuse("{} is needed (example: 32GiB).", options.size_name);
    }
    Request request;
    request.size = tools::size_of(options.size_name, options.size);
    request.size_option = fmt::format("{} {}", options.size_name, options.size);
    request.shares = shares_of(options.node, tools::count_of("--num", options.num, kMostFiles), machine);
    request.page_size = page_size_of(options.page_size, machine);
    request.pattern = pattern_of(options.path, options.pattern);
    request.owner = optional_value("--user", options.user, "user of this system", tools::parse_user);
    request.group = optional_value("--group", options.group, "group of this system", tools::parse_group);
    request.mode = optional_value("--mode", options.mode, "octal mode from 0 to 0777", tools::parse_mode);
    if ((request.mode.value_or(0) & S_IRWXO) != 0) {
        tools::refuse(
            "--mode: the shim refuses files with permissions for others; the last digit must be 0.");
    }
    if (!options.threads.empty()) {
        request.threads = static_cast<int>(tools::count_of("--threads", options.threads, hugepage::kMaxCpus));
    }
    return request;
}

RequestOptions setup_defaults() {
    return {.num = "2", .node = "all", .page_size = "auto"};
}

std::optional<Request> wanted_by(const std::map<std::string, std::string>& values, const Machine& machine) {
    RequestOptions options = setup_defaults();
    const std::pair<const char*, std::string&> kept[] = {{"size", options.size},
                                                         {"num", options.num},
                                                         {"node", options.node},
                                                         {"path", options.path},
                                                         {"path_pattern", options.pattern},
                                                         {"path-pattern", options.pattern}};
    for (const auto& [name, option] : kept) {
        if (const auto value = values.find(name); value != values.end()) {
            option = value->second;
        }
    }
    return options.size.empty() ? std::nullopt : std::optional(request_of(options, machine));
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
        text += " --user " + tools::quoted(tools::user_text(*request.owner));
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
