#include "tools/ctl/doctor/program_checks.h"

#include "tools/common/wording.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <system_error>

#include <vector>

namespace ctl {
namespace {

constexpr const char* kProgram = "program";
constexpr const char* kKind = "program-kind";

Finding check_found(const Program& program) {
    if (program.path.empty()) {
        return fail(kProgram, program.name + ": not found", "There is nothing to run.",
                    "give the program's whole path");
    }
    if (program.error != 0) {
        const std::string script =
            program.interpreter.empty() ? "" : fmt::format(" is a script for {}", program.interpreter);
        return fail(
            kProgram,
            fmt::format("{}{}: {}", program.path, script, std::generic_category().message(program.error)),
            script.empty() ? "This user may not execute it, or not read it."
                           : "The interpreter that its first line names can't be started.",
            (script.empty() ? "ls -l " : "head -1 ") + tools::quoted(program.path));
    }
    return ok(kProgram, program.interpreter.empty()
                            ? program.path
                            : fmt::format("{} is a script: {} runs, and that is the name HUGEPAGE_EXE sees",
                                          program.path, program.executable));
}

Finding check_kind(const Program& program) {
    const std::string& path = program.executable;
    if (!program.elf) {
        return fail(kKind, path + " is no program that the kernel could run",
                    "It is neither ELF nor a script.", "file " + tools::quoted(path));
    }
    const std::string& loader = program.elf->interpreter;
    if (!program.elf->is_own_kind) {
        return fail(kKind, path + " is for another kind of machine", "The library can't be loaded into it.",
                    "install the sealer's build for this machine");
    }
    if (loader.empty()) {
        return fail(kKind, path + " is linked statically",
                    "There is no loader in it that could preload anything, so nothing is served.",
                    "use a build that is linked dynamically");
    }
    if (loader.find("ld-musl") != std::string::npos) {
        return fail(kKind, fmt::format("{} uses musl ({})", path, loader),
                    "The library is made for glibc, and serves nothing there.", "use a build for glibc");
    }
    return ok(kKind, "dynamic, loaded by " + loader);
}

Finding check_privileges(const Program& program, const Caller& caller) {
    constexpr const char* kId = "program-privileges";
    std::vector<const char*> has;
    if (program.sets_user) {
        has.push_back("setuid");
    }
    if (program.sets_group) {
        has.push_back("setgid");
    }
    if (program.has_capabilities) {
        has.push_back("file capabilities");
    }
    if (has.empty()) {
        return ok(kId, "not setuid or setgid, no file capabilities");
    }
    const std::string& path = program.executable;
    const bool for_caller = (program.sets_user && program.owner != caller.user) ||
                            (program.sets_group && program.group != caller.group) ||
                            (program.has_capabilities && caller.user != 0);
    return {
        kId, for_caller ? Verdict::fail : Verdict::warn,
        fmt::format("{} has: {}{}", path, fmt::join(has, ", "),
                    for_caller ? "" : ", which makes no difference to the user who asks, but to others"),
        "In a program with privileges of its own the loader ignores LD_PRELOAD, and the shim its variables. "
        "A service can have capabilities from systemd (AmbientCapabilities=) without that.",
        fmt::format("sudo {} {}", program.has_capabilities ? "setcap -r" : "chmod a-s", tools::quoted(path))};
}

Finding check_name(const Program& program, const std::string& glob) {
    constexpr const char* kId = "program-name";
    const bool of_path = glob.find('/') != std::string::npos;
    const std::string& path = program.executable;
    const std::string name = of_path ? path : path.substr(path.rfind('/') + 1);
    if (::fnmatch(glob.c_str(), name.c_str(), FNM_PATHNAME) == 0) {
        return ok(kId, fmt::format("HUGEPAGE_EXE={} matches {}", glob, name));
    }
    return fail(kId, fmt::format("HUGEPAGE_EXE={} doesn't match {}", glob, name),
                "The shim leaves this program alone, without a word. (Programs that it starts may match.)",
                "export HUGEPAGE_EXE=" + tools::quoted(name));
}

}  // namespace

Findings check_program(const Program& program, const Caller& caller, const std::string& glob) {
    Findings findings{check_found(program)};
    if (program.error != 0) {
        return findings;
    }
    findings.push_back(check_kind(program));
    if (findings.back().verdict == Verdict::ok) {
        findings.push_back(check_privileges(program, caller));
    }
    if (!glob.empty()) {
        findings.push_back(check_name(program, glob));
    }
    return findings;
}

}  // namespace ctl
