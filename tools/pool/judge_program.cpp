// What would be started: its variables and its file.
#include "shim/base/config.h"
#include "tools/common/child.h"
#include "tools/common/command_line.h"
#include "tools/pool/judge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <system_error>

#include <cerrno>

namespace ctl {
namespace {

Findings judge_variables(const Environment& environment) {
    constexpr const char* kName = "variables";
    using hugepage::Config;
    std::vector<std::string> entries;
    for (const auto& [name, value] : environment) {
        entries.push_back(name + "=" + value);
    }
    const Config config = Config::parse(tools::as_list(entries).data());
    Findings findings;
    for (const Config::Complaint& complaint : config.complaints()) {
        const std::string name(complaint.name);
        findings.push_back({kName, complaint.is_fatal ? Verdict::fail : Verdict::warn,
                            fmt::format("{}={}: {}", name, complaint.value, complaint.why),
                            complaint.is_fatal ? "Nothing is served." : "", "unset " + name});
    }
    if (config.mode == Config::Mode::off) {
        findings.push_back({kName, Verdict::warn, "HUGEPAGE_MODE=off", "The shim passes every call on.",
                            "unset HUGEPAGE_MODE"});
    }
    if (findings.empty()) {
        findings.push_back({kName, Verdict::ok, "the HUGEPAGE_* variables that are set are understood"});
    }
    return findings;
}

// (Of a library that isn't there the loader itself says so, at each start.)
Findings judge_preload(const Environment& environment) {
    constexpr const char* kName = "preload";
    const std::string value = value_of(environment, "LD_PRELOAD");
    const bool has_plain = names_library(value, kLibrary);
    Findings findings;
    if (has_plain && names_library(value, kHeapLibrary)) {
        findings.push_back(
            {kName, Verdict::warn, "LD_PRELOAD names both libraries: " + value,
             "The heap variant does all that the other does; two keep two tables of the same memory.",
             fmt::format("leave {} out of LD_PRELOAD", kLibrary)});
    } else if (has_plain && needs_heap(environment)) {
        findings.push_back(
            {kName, Verdict::warn,
             fmt::format("LD_PRELOAD names {}, and FIL_PROOFS_USE_MULTICORE_SDR=1 is not set", kLibrary),
             "PC1 on a single core takes its buffers by calloc, which that library doesn't serve.",
             fmt::format("preload {} in its place", kHeapLibrary)});
    }
    return findings;
}

Finding judge_found(const Program& program) {
    constexpr const char* kName = "program";
    if (program.error != 0) {
        const std::string why = std::generic_category().message(program.error);
        const std::string path = tools::quoted(program.path);
        return program.is_script()
                   ? Finding{kName, Verdict::fail,
                             fmt::format("{} is a script for {}: {}", program.path, program.executable, why),
                             "The interpreter that its first line names can't be started.", "head -1 " + path}
                   : Finding{kName, Verdict::fail, fmt::format("{}: {}", program.path, why),
                             "There is nothing that this user could run.",
                             program.error == ENOENT ? "give the program's whole path" : "ls -l " + path};
    }
    return {kName, Verdict::ok,
            program.is_script()
                ? fmt::format("{} is a script: {} runs, and that is the name HUGEPAGE_EXE sees", program.path,
                              program.executable)
                : program.path};
}

Finding judge_kind(const Program& program) {
    const auto failure = [&](const std::string& what, const char* why, const std::string& next) {
        return Finding{"program-kind", Verdict::fail, program.executable + what, why, next};
    };
    if (!program.elf) {
        return failure(" is no program that the kernel could run", "It is neither ELF nor a script.",
                       "file " + tools::quoted(program.executable));
    }
    const std::string& loader = program.elf->interpreter;
    if (!program.elf->is_own_kind) {
        return failure(" is for another kind of machine", "The library can't be loaded into it.",
                       "install the sealer's build for this machine");
    }
    if (loader.empty()) {
        return failure(" is linked statically",
                       "There is no loader in it that could preload anything, so nothing is served.",
                       "use a build that is linked dynamically");
    }
    if (loader.find("ld-musl") != std::string::npos) {
        return failure(fmt::format(" uses musl ({})", loader),
                       "The library is made for glibc, and serves nothing there.", "use a build for glibc");
    }
    if (!program.privileges.empty()) {
        return failure(
            " is " + program.privileges,
            "In a program with privileges of its own the loader ignores LD_PRELOAD, and the shim its "
            "variables. "
            "A service can have capabilities from systemd (AmbientCapabilities=) without that.",
            fmt::format("sudo chmod a-s {0}; sudo setcap -r {0}", tools::quoted(program.executable)));
    }
    return {"program-kind", Verdict::ok, "dynamic, loaded by " + loader};
}

Finding judge_name(const Program& program, const std::string& glob) {
    constexpr const char* kName = "program-name";
    const bool of_path = glob.find('/') != std::string::npos;
    const std::string& path = program.executable;
    const std::string name = of_path ? path : path.substr(path.rfind('/') + 1);
    if (::fnmatch(glob.c_str(), name.c_str(), FNM_PATHNAME) == 0) {
        return {kName, Verdict::ok, fmt::format("HUGEPAGE_EXE={} matches {}", glob, name)};
    }
    return {kName, Verdict::fail, fmt::format("HUGEPAGE_EXE={} doesn't match {}", glob, name),
            "The shim leaves this program alone, silently. (Programs that it starts may match.)",
            "export HUGEPAGE_EXE=" + tools::quoted(name)};
}

}  // namespace

Findings judge_environment(const Environment& environment) {
    Findings findings = judge_variables(environment);
    append(findings, judge_preload(environment));
    return findings;
}

Findings judge_locking(const Program& program) {
    if (!program.maps_files_itself) {
        return {};
    }
    return {{"program-locks", Verdict::fail, program.executable + " maps memory files by itself",
             "Its file has the name HUGEPAGE_FILES_PATH, as damocles-worker's releases do. It takes no lock: "
             "it and a program that the library serves, or two of its own processes, write to the same file, "
             "and the sectors are wrong.",
             "leave LD_PRELOAD out for it, and give each of its processes a folder of its own"}};
}

Findings judge_program(const Program& program, const std::string& glob) {
    Findings findings{judge_found(program)};
    if (program.error == 0) {
        findings.push_back(judge_kind(program));
    }
    if (program.error == 0 && !glob.empty()) {
        findings.push_back(judge_name(program, glob));
    }
    return findings;
}

}  // namespace ctl
