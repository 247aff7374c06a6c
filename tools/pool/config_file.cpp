#include "tools/pool/config_file.h"

#include "tools/common/failure.h"
#include "tools/common/log.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <system_error>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace ctl {
namespace {

[[noreturn]] void refuse_config(const std::string& path, const std::string& what) {
    tools::refuse(fmt::format("{}: {}.", tools::printable(path), tools::printable(what)));
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

}  // namespace ctl
