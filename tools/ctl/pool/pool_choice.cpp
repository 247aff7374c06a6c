#include "tools/ctl/pool/pool_choice.h"

#include "shim/core/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/values.h"
#include "tools/common/wording.h"
#include "tools/ctl/base/output.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <utility>

namespace ctl {
namespace {

using hugepage::FilePattern;

constexpr std::string_view kFolderName = "/numa_$NUMA_NODE_INDEX";

std::vector<PoolChoice> of_folder(const std::string& folder, const std::string& source) {
    const auto pattern = FilePattern::in_folder(folder);
    if (!pattern) {
        throw tools::Failure(tools::ExitCode::usage,
                             fmt::format("{}: the path is longer than the shim can use.", source));
    }
    return {{*pattern, source}};
}

std::vector<PoolChoice> of_pattern(const std::string& text, const std::string& source) {
    const auto pattern = FilePattern::parse(text);
    if (!pattern) {
        throw tools::Failure(
            tools::ExitCode::usage,
            fmt::format("{}: '{}' has no $NUMA_NODE_INDEX in it (quote it: the shell knows $ too), or is "
                        "longer than the shim can use.",
                        source, printable(text)));
    }
    return {{*pattern, source}};
}

std::vector<PoolChoice> of_config(const std::string& file) {
    std::ifstream stream(file);
    if (!stream) {
        return {};
    }
    std::string path;
    std::string pattern;
    try {
        for (const CLI::ConfigItem& item : CLI::ConfigINI().from_config(stream)) {
            const std::string value = item.inputs.empty() ? "" : item.inputs.front();
            if (item.parents.empty() && item.name == "path") {
                path = value;
            } else if (item.parents.empty() && (item.name == "path-pattern" || item.name == "path_pattern")) {
                pattern = value;
            }
        }
    } catch (const CLI::Error& error) {
        throw tools::Failure(tools::ExitCode::usage, fmt::format("{}: {}.", file, error.what()));
    }
    if (!pattern.empty()) {
        return of_pattern(pattern, file);
    }
    return path.empty() ? std::vector<PoolChoice>{} : of_folder(path, file);
}

bool has_node_folders(const FilePattern& pattern) {
    bool any = false;
    static_cast<void>(pattern.for_each_node([&](hugepage::NodeId node) {
        struct stat facts {};
        any = any || (::stat(pattern.path_of(node).c_str(), &facts) == 0 && S_ISDIR(facts.st_mode));
    }));
    return any;
}

std::vector<PoolChoice> on_mounts(const std::vector<tools::Mount>& mounts) {
    std::vector<PoolChoice> found;
    std::vector<std::pair<dev_t, ino_t>> seen;  // a file system may be mounted twice
    const auto look_at = [&](const std::string& folder) {
        const auto pattern = FilePattern::in_folder(folder);
        struct stat facts {};
        if (!pattern || !has_node_folders(*pattern) || ::stat(folder.c_str(), &facts) != 0) {
            return;
        }
        const std::pair id(facts.st_dev, facts.st_ino);
        if (std::ranges::find(seen, id) == seen.end()) {
            seen.push_back(id);
            found.push_back({*pattern, "found on a mount"});
        }
    };
    for (const tools::Mount& mount : mounts) {
        if (!mount.is_hugetlbfs()) {
            continue;
        }
        look_at(mount.point);
        std::vector<std::string> names;
        static_cast<void>(hugepage::for_each_entry(mount.point.c_str(),
                                                   [&](std::string_view name) { names.emplace_back(name); }));
        std::ranges::sort(names);
        for (const std::string& name : names) {
            look_at(mount.point + "/" + name);
        }
    }
    return found;
}

}  // namespace

void describe_pool_options(CLI::App& command, PoolOptions& options) {
    auto* path = command.add_option("--path", options.path,
                                    "Folder of the pool; its files are in DIR/numa_<N>.\n"
                                    "Default: HUGEPAGE_FILES_PATH_PATTERN or _PATH, else\n"
                                    "path in /etc/hugepage-shim.conf, else every\n"
                                    "hugetlbfs mount that has such folders");
    path->option_text("DIR");
    command
        .add_option("--path-pattern,--path_pattern", options.pattern,
                    "Folder of a node's files, with $NUMA_NODE_INDEX for\n"
                    "the node's number, in the place of --path")
        ->option_text("P")
        ->excludes(path);
}

std::optional<std::string> own_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

std::vector<PoolChoice> choose_pools(const PoolOptions& options, const Variables& variables,
                                     const std::string& config_file,
                                     const std::vector<tools::Mount>& mounts) {
    if (!options.pattern.empty()) {
        return of_pattern(options.pattern, "--path-pattern");
    }
    if (!options.path.empty()) {
        return of_folder(tools::without_idle_slashes(options.path), "--path");
    }
    if (const auto pattern = variables("HUGEPAGE_FILES_PATH_PATTERN"); pattern && !pattern->empty()) {
        return of_pattern(*pattern, "HUGEPAGE_FILES_PATH_PATTERN");
    }
    if (const auto path = variables("HUGEPAGE_FILES_PATH"); path && !path->empty()) {
        return of_folder(*path, "HUGEPAGE_FILES_PATH");
    }
    if (auto pools = of_config(config_file); !pools.empty()) {
        return pools;
    }
    return on_mounts(mounts);
}

std::string name_of(const FilePattern& pattern) {
    std::string text(pattern.text());
    if (text.ends_with(kFolderName) &&
        text.find(FilePattern::kPlaceholder) > text.size() - kFolderName.size()) {
        text.resize(text.size() - kFolderName.size());
    }
    return text;
}

std::string option_of(const FilePattern& pattern) {
    const std::string name = name_of(pattern);
    return (name == pattern.text() ? "--path-pattern " : "--path ") + tools::quoted(name);
}

}  // namespace ctl
