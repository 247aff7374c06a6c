#include "tools/ctl/doctor/environment_checks.h"

#include "shim/base/config.h"
#include "tools/common/wording.h"
#include "tools/ctl/program/preload.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>

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

Findings check_preload(const Environment& environment, const std::string& root) {
    constexpr const char* kId = "preload";
    const std::string value = environment.value("LD_PRELOAD");
    const bool has_plain = names_library(value, kLibrary);
    const bool has_heap = names_library(value, kHeapLibrary);
    Findings findings;
    for (const std::string& name : preloaded_names(value)) {
        // A name with $ is the loader's to complete, one without a slash to look for.
        const bool is_whole = name.starts_with('/') && name.find('$') == std::string::npos;
        if (is_whole && ::access((root + name).c_str(), F_OK) != 0 && errno == ENOENT) {
            findings.push_back(warn(kId, fmt::format("LD_PRELOAD names {}, which isn't there", name),
                                    "The loader ignores it.", "unset LD_PRELOAD, or correct it"));
        }
    }
    if (has_plain && has_heap) {
        findings.push_back(
            warn(kId, "LD_PRELOAD names both libraries: " + value,
                 "The heap variant does all that the other does; two keep two tables of the same memory.",
                 fmt::format("leave {} out of LD_PRELOAD", kLibrary)));
    } else if (has_plain && needs_heap(environment)) {
        findings.push_back(warn(
            kId, fmt::format("LD_PRELOAD names {}, and FIL_PROOFS_USE_MULTICORE_SDR=1 is not set", kLibrary),
            "PC1 on a single core takes its buffers by calloc, which that library doesn't serve.",
            fmt::format("preload {} in its place", kHeapLibrary)));
    }
    return findings;
}

}  // namespace

Findings check_environment(const Environment& environment, const std::string& root) {
    Findings findings = check_variables(environment);
    append(findings, check_preload(environment, root));
    return findings;
}

}  // namespace ctl
