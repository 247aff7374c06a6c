#include "tools/ctl/doctor/environment_checks.h"

#include "shim/core/config.h"
#include "tools/common/wording.h"
#include "tools/ctl/program/preload.h"

#include <fmt/format.h>

#include <algorithm>

namespace ctl {
namespace {

Findings check_variables(const Environment& environment) {
    using hugepage::Config;
    const auto lookup = [&](const char* name) { return environment.find(name); };
    const auto list = environment.list();
    const Config config = Config::parse(lookup, list.data());
    Findings findings;
    for (const Config::Complaint& complaint : config.complaints()) {
        const std::string name(complaint.name);
        const std::string found = fmt::format("{}={}: {}", name, complaint.value, complaint.why);
        findings.push_back({"variables", complaint.is_fatal ? Verdict::fail : Verdict::warn, found,
                            complaint.is_fatal ? "Nothing is served." : "", "unset " + name});
    }
    if (config.mode == Config::Mode::off) {
        findings.push_back(
            warn("variables", "HUGEPAGE_MODE=off", "The shim passes every call on.", "unset HUGEPAGE_MODE"));
    }
    if (findings.empty()) {
        const auto set = std::ranges::count_if(
            environment.entries(), [](const std::string& entry) { return entry.starts_with("HUGEPAGE_"); });
        findings.push_back(ok(
            "variables",
            set == 0 ? "no HUGEPAGE_* variable is set"
                     : fmt::format("{} set, all understood",
                                   tools::counted(static_cast<std::uint64_t>(set), "HUGEPAGE_* variable"))));
    }
    return findings;
}

Findings check_preload(const Environment& environment) {
    const std::string value = environment.value("LD_PRELOAD");
    if (names_library(value, kLibrary) && names_library(value, kHeapLibrary)) {
        return {
            warn("preload", "LD_PRELOAD names both libraries: " + value,
                 "The heap variant does all that the other does; two keep two accounts of the same memory.",
                 fmt::format("leave {} out of LD_PRELOAD", kLibrary))};
    }
    return {};
}

}  // namespace

Findings check_environment(const Environment& environment) {
    Findings findings = check_variables(environment);
    append(findings, check_preload(environment));
    return findings;
}

}  // namespace ctl
