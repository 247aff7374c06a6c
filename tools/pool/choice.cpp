#include "tools/pool/choice.h"

#include "tools/common/command_line.h"
#include "tools/common/values.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <system_error>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

namespace ctl {
namespace {

using hugepage::FilePattern;

constexpr std::string_view kFolderName = "/numa_$NUMA_NODE_INDEX";

[[noreturn]] void refuse_config(const std::string& path, const std::string& what) {
    tools::refuse("{}: {}.", path, what);
}

PoolOptions of_config(const std::string& file) {
    const auto values = config_values(file).value_or(std::map<std::string, std::string>{});
    return {value_of(values, "path"),
            value_of(values, values.contains("path-pattern") ? "path-pattern" : "path_pattern"), file, file};
}

bool has_node_folders(const FilePattern& pattern) {
    bool any = false;
    static_cast<void>(pattern.for_each_node([&](hugepage::NodeId node) {
        std::error_code ignored;
        any = any || std::filesystem::is_directory(pattern.path_of(node).c_str(), ignored);
    }));
    return any;
}

std::vector<PoolChoice> on_mounts(const std::vector<tools::Mount>& mounts) {
    std::vector<PoolChoice> found;
    std::error_code ignored;
    for (const tools::Mount& mount : mounts) {
        if (!mount.is_hugetlbfs()) {
            continue;
        }
        std::vector<std::string> folders = {mount.point};
        for (const auto& entry : std::filesystem::directory_iterator(mount.point, ignored)) {
            folders.push_back(entry.path());
        }
        std::ranges::sort(folders);
        for (const std::string& folder : folders) {
            const auto pattern = FilePattern::in_folder(folder);
            // A file system may be mounted twice.
            const bool is_known = std::ranges::any_of(found, [&](const PoolChoice& known) {
                return std::filesystem::equivalent(name_of(known.pattern), folder, ignored);
            });
            if (!is_known && pattern && has_node_folders(*pattern)) {
                found.push_back({*pattern, "found on a mount"});
            }
        }
    }
    return found;
}

}  // namespace

std::optional<std::map<std::string, std::string>> config_values(const std::string& path) {
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // some editors' mark of UTF-8
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        refuse_config(path, "it is a folder");
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return std::nullopt;
    }
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
        refuse_config(path, "it is UTF-16; save it as UTF-8");
    }
    text.erase(0, text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
    // A comma in a value is its own, as in "node = 0:4,1:2".
    CLI::ConfigINI format;
    format.arrayDelimiter('\0');
    format.arrayBounds('\0', '\0');
    format.comment('#');
    std::map<std::string, std::string> values;
    try {
        std::istringstream stream(text);
        for (const CLI::ConfigItem& item : format.from_config(stream)) {
            if (!item.parents.empty()) {
                refuse_config(path, fmt::format("there are no sections; leave out [{}]", item.parents[0]));
            }
            if (item.inputs.size() != 1 || item.inputs[0].empty() ||
                !values.emplace(item.name, item.inputs[0]).second) {
                refuse_config(path, fmt::format("'{}' must stand there once, with one value", item.name));
            }
        }
    } catch (const CLI::Error& error) {
        refuse_config(path, error.what());
    }
    return values;
}

void read_config(const std::string& path, CLI::App& app) {
    const auto values = config_values(path);
    if (!values) {
        refuse_config("--config: " + path, "it can't be opened");
    }
    for (const auto& [name, value] : *values) {
        CLI::Option* option = app.get_option_no_throw("--" + name);
        if (option == nullptr || !option->get_configurable()) {
            refuse_config("--config: " + path, fmt::format("there is no option '{}'", name));
        }
        if (option->count() == 0) {
            option->add_result(value);
            option->run_callback();
        }
    }
}

void describe_pool_options(CLI::App& command, PoolOptions& options, const char* which) {
    auto* path = tools::add_option(command, options.path_source, options.path, "DIR",
                                   fmt::format("Folder of the pool; its files are in DIR/numa_<N>.\n"
                                               "Default: HUGEPAGE_FILES_PATH_PATTERN or _PATH, else\n"
                                               "path in /etc/hugepage-shim.conf, else {}\n"
                                               "hugetlbfs mount that has such folders",
                                               which));
    tools::add_option(command, fmt::format("{},{}_pattern", options.pattern_source, options.path_source),
                      options.pattern, "P",
                      "Folder of a node's files, with $NUMA_NODE_INDEX for\n"
                      "the node's number, in the place of " +
                          options.path_source)
        ->excludes(path);
}

std::optional<PoolChoice> choice_of(const PoolOptions& options) {
    if (options.empty()) {
        return std::nullopt;
    }
    const bool is_folder = options.pattern.empty();
    const auto pattern = is_folder ? FilePattern::in_folder(tools::without_idle_slashes(options.path))
                                   : FilePattern::parse(options.pattern);
    if (!pattern) {
        tools::refuse(is_folder
                          ? options.path_source + ": the path is longer than the shim can use."
                          : fmt::format("{}: '{}' has no $NUMA_NODE_INDEX in it (quote it: the shell knows $ "
                                        "too), or is longer than the shim can use.",
                                        options.pattern_source, options.pattern));
    }
    return PoolChoice{*pattern, is_folder ? options.path_source : options.pattern_source};
}

std::vector<PoolChoice> choose_pools(const PoolOptions& options, const Environment& variables,
                                     const std::string& config_file,
                                     const std::vector<tools::Mount>& mounts) {
    if (const auto choice = choice_of(options)) {
        return {*choice};
    }
    constexpr const char* kPath = "HUGEPAGE_FILES_PATH";
    constexpr const char* kPattern = "HUGEPAGE_FILES_PATH_PATTERN";
    if (const auto choice =
            choice_of({value_of(variables, kPath), value_of(variables, kPattern), kPath, kPattern})) {
        return {*choice};
    }
    if (const auto choice = choice_of(of_config(config_file))) {
        return {*choice};
    }
    return on_mounts(mounts);
}

std::string name_of(const FilePattern& pattern) {
    std::string text(pattern.text());
    if (text.ends_with(kFolderName) &&
        text.find(FilePattern::kPlaceholder) > text.size() - kFolderName.size()) {
        text.resize(text.size() - kFolderName.size());
    }
    return text.empty() ? "/" : text;
}

std::string option_of(const FilePattern& pattern) {
    const std::string name = name_of(pattern);
    return (name == pattern.text() ? "--path-pattern " : "--path ") + tools::quoted(name);
}

std::string variable_of(const FilePattern& pattern) {
    const std::string name = name_of(pattern);
    return (name == pattern.text() ? "HUGEPAGE_FILES_PATH_PATTERN=" : "HUGEPAGE_FILES_PATH=") +
           tools::quoted(name);
}

}  // namespace ctl
