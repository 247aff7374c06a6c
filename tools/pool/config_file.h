// Options read from a file, a line each: "size = 32GiB".
#pragma once

#include <map>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace ctl {

// Values by names; nothing if there is no such file. Throws tools::Failure (usage) for what can't be read,
// for an option in a section, which there are none of, and for one that stands there twice or has no value.
[[nodiscard]] std::optional<std::map<std::string, std::string>> config_values(const std::string& path);

// Gives the app's options the values that the file has by their long names, except for those that the command
// line has: it wins. Throws tools::Failure (usage), also if there is no such file or option.
void read_config(const std::string& path, CLI::App& app);

}  // namespace ctl
