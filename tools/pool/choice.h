// Which pools a command is about, and how that is known.
//
// Asked in this order, and the first answer counts: the command line; the environment; the configuration
// file; the mounts of hugetlbfs, where whatever holds folders numa_<N> is taken for a pool.
#pragma once

#include "shim/base/file_pattern.h"
#include "tools/common/mounts.h"
#include "tools/pool/environment.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ctl {

inline constexpr const char* kConfigFile = "/etc/hugepage-shim.conf";

struct PoolChoice {
    hugepage::FilePattern pattern;
    std::string source;  // "--path", "HUGEPAGE_FILES_PATH", a path of a file, "found on a mount"
};

// As typed; empty where left out. And where they were.
struct PoolOptions {
    std::string path;
    std::string pattern;
    std::string path_source = "--path";
    std::string pattern_source = "--path-pattern";

    [[nodiscard]] bool empty() const { return path.empty() && pattern.empty(); }
};

// The pool that one of the two names, if either is given; the pattern wins. Throws tools::Failure (usage) for
// what can be no pool.
[[nodiscard]] std::optional<PoolChoice> choice_of(const PoolOptions& options);

// Adds --path and --path-pattern, or as the options call them, of a pool that is there; without them it is
// `which` mount that has one.
void describe_pool_options(CLI::App& command, PoolOptions& options, const char* which = "every");

// Empty if nothing names a pool and no mount has such folders. A pool that is named need not be there. Throws
// as choice_of().
[[nodiscard]] std::vector<PoolChoice> choose_pools(const PoolOptions& options, const Environment& variables,
                                                   const std::string& config_file = kConfigFile,
                                                   const std::vector<tools::Mount>& mounts = tools::mounts());

// Of a file with options, a line each: "size = 32GiB".
// Values by names; nothing if there is no such file. Throws tools::Failure (usage) for what can't be read,
// for an option in a section, which there are none of, and for one that stands there twice or has no value.
[[nodiscard]] std::optional<std::map<std::string, std::string>> config_values(const std::string& path);

// Gives the app's options the values that the file has by their long names, except for those that the command
// line has: it wins. Throws tools::Failure (usage), also if there is no such file or option.
void read_config(const std::string& path, CLI::App& app);

// "/mnt/huge/pc1" for a pool that a folder names, else the pattern.
[[nodiscard]] std::string name_of(const hugepage::FilePattern& pattern);
// "--path /mnt/huge/pc1", as it is to be typed for that pool.
[[nodiscard]] std::string option_of(const hugepage::FilePattern& pattern);
// "HUGEPAGE_FILES_PATH=/mnt/huge/pc1"
[[nodiscard]] std::string variable_of(const hugepage::FilePattern& pattern);

}  // namespace ctl
