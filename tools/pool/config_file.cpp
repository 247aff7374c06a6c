#include "tools/pool/config_file.h"

#include "tools/common/failure.h"
#include "tools/common/log.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <system_error>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace ctl {
namespace {

[[noreturn]] void refuse_config(const std::string& path, const std::string& what) {
    tools::refuse(fmt::format("{}: {}.", tools::printable(path), tools::printable(what)));
}

}  // namespace

std::optional<std::vector<std::pair<std::string, std::string>>> config_lines(const std::string& path) {
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
    std::vector<std::pair<std::string, std::string>> lines;
    try {
        std::istringstream stream(text);
        for (const CLI::ConfigItem& item : format.from_config(stream)) {
            if (!item.parents.empty()) {
                refuse_config(path, fmt::format("there are no sections; leave out [{}]", item.parents[0]));
            }
            if (item.inputs.size() > 1) {
                refuse_config(path, fmt::format("'{}' must stand there once, with one value", item.name));
            }
            lines.emplace_back(item.name, item.inputs.empty() ? "" : item.inputs.front());
        }
    } catch (const CLI::Error& error) {
        refuse_config(path, error.what());
    }
    return lines;
}

void read_config(const std::string& path, const std::map<std::string, std::string*>& values,
                 const std::map<std::string, bool>& is_given) {
    const auto lines = config_lines(path);
    if (!lines) {
        refuse_config("--config: " + path, "it can't be opened");
    }
    std::set<std::string> seen;
    for (const auto& [name, text] : *lines) {
        const auto value = values.find(name);
        if (value == values.end()) {
            refuse_config("--config: " + path, fmt::format("there is no option '{}'", name));
        }
        if (!seen.insert(name).second) {
            refuse_config("--config: " + path,
                          fmt::format("'{}' must stand there once, with one value", name));
        }
        if (text.empty()) {
            refuse_config("--config: " + path, fmt::format("'{}' has no value", name));
        }
        if (!is_given.at(name)) {
            *value->second = text;
        }
    }
}

}  // namespace ctl
