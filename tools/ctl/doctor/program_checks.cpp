#include "tools/ctl/doctor/program_checks.h"

#include "tools/common/wording.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <system_error>

#include <algorithm>

namespace ctl {
namespace {

constexpr const char* kProgram = "program";
constexpr const char* kKind = "program-kind";
constexpr const char* kPrivileges = "program-privileges";
constexpr const char* kAllocator = "program-allocator";
constexpr const char* kExe = "program-name";

Finding check_found(const Program& program) {
    const std::string name = program.interpreters.empty() ? program.name : program.interpreters.back();
    if (program.path.empty()) {
        const bool has_slash = program.name.find('/') != std::string::npos;
        return fail(
            kProgram,
            fmt::format("{}: {}", program.name,
                        has_slash ? std::generic_category().message(program.error) : "not found in PATH"),
            "There is nothing to run.",
            has_slash ? "ls -l " + tools::quoted(program.name) : "give the program's whole path");
    }
    if (program.error == 0) {
        const std::string rest =
            program.is_script() ? fmt::format(" is a script: {} runs, and that is the name HUGEPAGE_EXE sees",
                                              program.executable)
                                : "";
        return ok(kProgram, program.path + rest);
    }
    if (program.is_script()) {
        return fail(kProgram,
                    fmt::format("{} is a script for {}: {}", program.path, name,
                                std::generic_category().message(program.error)),
                    "The interpreter that its first line names can't be started.",
                    "head -1 " + tools::quoted(program.path));
    }
    return fail(kProgram, fmt::format("{}: {}", program.path, std::generic_category().message(program.error)),
                "It may not be executed, or not be read, by this user.",
                "ls -l " + tools::quoted(program.path));
}

bool is_musl(const ElfFile& elf) {
    return elf.interpreter.find("ld-musl") != std::string::npos ||
           std::ranges::any_of(elf.needed, [](const std::string& library) {
               return library.starts_with("libc.musl") || library == "libc.so";
           });
}

Finding check_kind(const Program& program) {
    const std::string& path = program.executable;
    if (!program.elf) {
        return fail(kKind, path + " is no program that the kernel could run",
                    "It is neither ELF nor a script.", "file " + tools::quoted(path));
    }
    const ElfFile& elf = *program.elf;
    if (!elf.is_own_kind) {
        return fail(kKind, fmt::format("{} is {}", path, elf.kind),
                    "The library is for another kind of program, and can't be loaded into this one.",
                    "install the sealer's build for this machine");
    }
    if (elf.interpreter.empty()) {
        return fail(kKind,
                    fmt::format("{} is linked statically{}", path,
                                elf.is_go ? " (Go; without cgo it always is, and calls no libc)" : ""),
                    "There is no loader in it that could preload anything, so nothing is served.",
                    elf.is_go ? "build it with CGO_ENABLED=1" : "build it without -static");
    }
    if (is_musl(elf)) {
        return fail(kKind, fmt::format("{} uses musl ({})", path, elf.interpreter),
                    "The library is made for glibc, and musl can't load it.", "use a build for glibc");
    }
    return ok(kKind, fmt::format("{}, dynamic, by {}{}", elf.kind, elf.interpreter,
                                 elf.is_go ? "; Go with cgo" : ""));
}

Finding check_privileges(const Program& program, const Caller& caller) {
    constexpr const char* kMeans =
        "In a program with privileges of its own the loader ignores LD_PRELOAD, and the shim its variables. "
        "A "
        "service can have capabilities from systemd (AmbientCapabilities=) without that.";
    const std::string& path = program.executable;
    const std::string next =
        fmt::format("sudo {} {}", program.has_capabilities ? "setcap -r" : "chmod a-s", tools::quoted(path));
    std::vector<std::string> has;
    if (program.sets_user) {
        has.emplace_back("setuid");
    }
    if (program.sets_group) {
        has.emplace_back("setgid");
    }
    if (program.has_capabilities) {
        has.emplace_back("file capabilities");
    }
    if (has.empty()) {
        return ok(kPrivileges, "not setuid or setgid, no file capabilities");
    }
    const bool for_caller = (program.sets_user && program.owner != caller.user) ||
                            (program.sets_group && program.group != caller.group) ||
                            (program.has_capabilities && caller.user != 0);
    const std::string found = fmt::format("{} has: {}", path, fmt::join(has, ", "));
    return for_caller
               ? fail(kPrivileges, found, kMeans, next)
               : warn(kPrivileges, found + ", which makes no difference to the user who asks, but to others",
                      kMeans, next);
}

Finding check_allocator(const ElfFile& elf, bool heap) {
    const std::string name = !elf.allocator.empty() ? elf.allocator : "an allocator of its own";
    if (elf.allocator.empty() && !elf.exports_malloc) {
        return ok(
            kAllocator, "malloc and calloc are the C library's",
            heap ? "" : "Buffers by calloc are served with the heap variant alone (--heap); mmap always is.");
    }
    constexpr const char* kMeans =
        "calloc never reaches the library then; what the allocator maps is served if it is of a file's size.";
    return heap ? warn(kAllocator, "the program brings " + name, kMeans,
                       "see that FIL_PROOFS_USE_MULTICORE_SDR=1 is set: that path maps its buffers by mmap")
                : ok(kAllocator, "the program brings " + name, "mmap is served all the same.");
}

Finding check_name(const Program& program, const std::string& glob) {
    const bool of_path = glob.find('/') != std::string::npos;
    const std::string& path = program.executable;
    const std::string name = of_path ? path : path.substr(path.rfind('/') + 1);
    if (::fnmatch(glob.c_str(), name.c_str(), FNM_PATHNAME) == 0) {
        return ok(kExe, fmt::format("HUGEPAGE_EXE={} matches {}", glob, name));
    }
    return fail(kExe, fmt::format("HUGEPAGE_EXE={} doesn't match {}", glob, name),
                "The shim leaves this program alone, without a word. (Programs that it starts may match.)",
                "export HUGEPAGE_EXE=" + tools::quoted(name));
}

}  // namespace

Findings check_program(const Program& program, const Caller& caller, bool heap, const std::string& glob) {
    Findings findings{check_found(program)};
    if (program.error != 0) {
        return findings;
    }
    findings.push_back(check_kind(program));
    if (findings.back().verdict == Verdict::ok) {
        findings.push_back(check_privileges(program, caller));
        findings.push_back(check_allocator(*program.elf, heap));
    }
    if (!glob.empty()) {
        findings.push_back(check_name(program, glob));
    }
    return findings;
}

}  // namespace ctl
