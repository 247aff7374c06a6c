#include "tools/ctl/run/launch.h"

#include "shim/core/config.h"
#include "tools/common/wording.h"
#include "tools/ctl/program/preload.h"

#include <string_view>

namespace ctl {
namespace {

constexpr const char* kPath = "HUGEPAGE_FILES_PATH";
constexpr const char* kPattern = "HUGEPAGE_FILES_PATH_PATTERN";

std::string name_in(const std::string& entry) {
    return entry.substr(0, entry.find('='));
}

// Only the value is quoted: in front of a quoted name env would see no assignment, but the same word.
std::string quoted_entry(const std::string& entry) {
    const std::string name = name_in(entry);
    return name + "=" + tools::quoted(entry.substr(std::min(name.size() + 1, entry.size())));
}

}  // namespace

Environment launch_environment(Environment environment, const LaunchWishes& wishes) {
    if (wishes.pool) {
        const std::string name = name_of(*wishes.pool);
        const bool is_folder = name != wishes.pool->text();
        environment.set(is_folder ? kPath : kPattern, name);
        environment.remove(is_folder ? kPattern : kPath);
    }
    if (wishes.require) {
        environment.set("HUGEPAGE_MODE", "require");
    }
    if (!wishes.log.empty()) {
        environment.set("HUGEPAGE_LOG", wishes.log);
    }
    const std::string before = environment.value("LD_PRELOAD");
    const std::string after = with_library(before, wishes.library);
    if (after != before) {
        environment.set("LD_PRELOAD", after);
    }
    return environment;
}

std::string as_shell_command(const Environment& before, const Launch& launch) {
    std::string text = "env";
    for (const std::string& entry : before.entries()) {
        const std::string name = name_in(entry);
        if (launch.environment.find(name) == nullptr && before.find(name) != nullptr) {
            text += " -u " + tools::quoted(name);
        }
    }
    for (const std::string& entry : launch.environment.entries()) {
        const std::string name = name_in(entry);
        const char* old = before.find(name);
        if (old == nullptr || before.value(name) != launch.environment.value(name)) {
            text += " " + quoted_entry(entry);
        }
    }
    for (const std::string& word : launch.command) {
        text += " " + tools::quoted(word);
    }
    return text;
}

hugepage::log::Level log_level(const Environment& environment) {
    using hugepage::Config;
    const auto lookup = [&](const char* name) { return environment.find(name); };
    constexpr const char* kNoNames[] = {nullptr};
    return Config::parse(lookup, kNoNames).log_level;
}

}  // namespace ctl
