#include "tools/ctl/setup/config_file.h"

#include "tools/common/failure.h"
#include "tools/ctl/base/output.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <iterator>
#include <set>
#include <sstream>
#include <string_view>

namespace ctl {
namespace {

[[noreturn]] void refuse_line(const std::string& path, const std::string& what) {
    throw tools::Failure(tools::ExitCode::usage, fmt::format("--config: {}: {}.", printable(path), what));
}

std::vector<CLI::ConfigItem> items_of(const std::string& path) {
    // A comma in a value is its own, as in "node = 0:4,1:2".
    CLI::ConfigINI format;
    format.arrayDelimiter('\0');
    format.arrayBounds('\0', '\0');
    format.comment('#');
    std::ifstream file(path);
    if (!file) {
        refuse_line(path, "it can't be opened");
    }
    std::string text(std::istreambuf_iterator<char>(file), {});
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    if (text.starts_with(kByteOrderMark)) {
        text.erase(0, kByteOrderMark.size());
    }
    std::istringstream lines(text);
    try {
        return format.from_config(lines);
    } catch (const CLI::Error& error) {
        refuse_line(path, error.what());
    }
}

}  // namespace

void read_config(const std::string& path, const std::map<std::string, std::string*>& values,
                 const std::map<std::string, bool>& is_given) {
    std::set<std::string> seen;
    for (const CLI::ConfigItem& item : items_of(path)) {
        const auto value = values.find(item.name);
        if (!item.parents.empty()) {
            refuse_line(path, fmt::format("it has a section [{}]; write the options without one",
                                          printable(item.parents.front())));
        }
        if (value == values.end()) {
            refuse_line(path, fmt::format("there is no option '{}'", printable(item.fullname())));
        }
        if (!seen.insert(item.name).second || item.inputs.size() != 1) {
            refuse_line(path, fmt::format("'{}' must stand there once, with one value", item.name));
        }
        if (item.inputs.front().empty()) {
            refuse_line(path, fmt::format("'{}' has no value", item.name));
        }
        if (!is_given.at(item.name)) {
            *value->second = item.inputs.front();
        }
    }
}

}  // namespace ctl
