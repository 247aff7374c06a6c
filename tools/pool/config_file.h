// Options read from a file, a line each: "size = 32GiB".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ctl {

// Name and value of each line, in their order; nothing if there is no such file. Throws tools::Failure
// (usage) for what can't be read, and for an option in a section, which there are none of.
[[nodiscard]] std::optional<std::vector<std::pair<std::string, std::string>>> config_lines(
    const std::string& path);

// Sets what `values` names, by the options' long names without the dashes, except for the names that
// `is_given` says were on the command line: those win. Throws tools::Failure (usage) for what can't be read,
// an unknown name, and one that stands there twice or has no value.
void read_config(const std::string& path, const std::map<std::string, std::string*>& values,
                 const std::map<std::string, bool>& is_given);

}  // namespace ctl
