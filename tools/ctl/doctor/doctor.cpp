#include "tools/ctl/doctor/doctor.h"

#include "shim/core/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/wording.h"
#include "tools/ctl/doctor/environment_checks.h"
#include "tools/ctl/doctor/loading.h"
#include "tools/ctl/doctor/mount_checks.h"
#include "tools/ctl/doctor/pool_checks.h"
#include "tools/ctl/doctor/program_checks.h"
#include "tools/ctl/doctor/system_checks.h"
#include "tools/ctl/pool/file_pages.h"
#include "tools/ctl/program/preload.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace ctl {
namespace {

// What is said of the pools, and the pools that are there.
struct Pools {
    Findings findings;
    std::vector<PoolSurvey> found;
};

Pools look_at_pools(const Questions& questions, const Machine& machine) {
    Pools pools;
    const bool is_by_option = !questions.pool.path.empty() || !questions.pool.pattern.empty();
    std::vector<PoolChoice> choices;
    try {
        const auto variables = [&](const std::string& name) {
            const char* value = questions.environment.find(name);
            return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
        };
        choices = choose_pools(questions.pool, variables, kConfigFile, machine.mounts);
    } catch (const tools::Failure& failure) {
        if (is_by_option) {
            throw;
        }
        pools.findings.push_back(no_pool(failure.what()));
        return pools;
    }
    if (choices.empty()) {
        pools.findings.push_back(no_pool("no pool is named, and none is found on a mount of hugetlbfs"));
    }
    for (const PoolChoice& choice : choices) {
        try {
            pools.found.push_back(survey(choice));
            sample_pages(pools.found.back());
        } catch (const tools::Failure& failure) {
            pools.findings.push_back(no_pool(failure.what()));
        }
    }
    if (!pools.found.empty()) {
        static_cast<void>(find_holders(pools.found));
    }
    for (const PoolSurvey& pool : pools.found) {
        append(pools.findings, check_pool(pool));
    }
    return pools;
}

Finding check_mapped(const Questions& questions, const Roots& roots) {
    const std::string maps = roots.of_process("maps");
    std::string found;
    const auto read = hugepage::for_each_line(maps.c_str(), [&](std::string_view line) {
        const std::size_t slash = line.find('/');
        if (slash != std::string_view::npos &&
            line.find("/libhugepage_shim", slash) != std::string_view::npos) {
            found = line.substr(slash);
        }
    });
    if (!read) {
        throw tools::system_failure("read " + maps, read.error().code,
                                    "ask as root or as the process's user");
    }
    return !found.empty()
               ? ok("loading", fmt::format("process {} has {} loaded", questions.process, found))
               : fail("loading", fmt::format("process {} hasn't loaded the library", questions.process),
                      "LD_PRELOAD has to be set when it is started: see 'preload' and 'variables'.",
                      "hugepagectl run -- COMMAND");
}

// The library's path; empty, and a finding, if there is none.
std::string library_of(const Questions& questions, const std::string& self, Findings& findings) {
    try {
        std::string path = find_library(questions.library, questions.heap, self);
        findings.push_back(ok("library", path));
        return path;
    } catch (const tools::Failure& failure) {
        if (!questions.library.empty()) {
            throw;
        }
        findings.push_back(fail("library", failure.what(), "There is nothing to preload.",
                                "sudo cmake --install build/release && sudo ldconfig"));
        return {};
    }
}

// Of the command; without one, whether the library can be loaded at all: into this program.
Findings check_command(const Questions& questions, const std::string& library, const std::string& self) {
    const Environment& environment = questions.environment;
    const bool has_command = !questions.command.empty();
    const std::string search =
        environment.find("PATH") != nullptr ? environment.value("PATH") : "/usr/bin:/bin";
    const Program program = look_at_program(has_command ? questions.command.front() : self, search);
    Findings findings;
    if (has_command) {
        findings = check_program(program, {::getuid(), ::getgid()}, questions.heap,
                                 environment.value("HUGEPAGE_EXE"));
    }
    const bool is_loadable = program.error == 0 && program.elf && program.elf->is_own_kind &&
                             !program.elf->interpreter.empty() &&
                             std::ranges::none_of(findings, [](const Finding& finding) {
                                 return finding.id == "program-kind" && finding.verdict == Verdict::fail;
                             });
    if (is_loadable && !library.empty()) {
        append(findings, check_loading(program.elf->interpreter, program.executable, library, environment));
    }
    return findings;
}

}  // namespace

Findings diagnose(const Questions& questions) {
    Roots roots;
    roots.process = questions.process;
    const Machine machine = read_machine();
    const SystemFacts facts = read_system_facts(roots);
    Pools pools = look_at_pools(questions, machine);
    const bool has_files = std::ranges::any_of(pools.found, has_usable_files);

    Findings findings = check_system(facts, machine, has_files);
    // A pool on tmpfs, for trying things out, needs no mount of hugetlbfs.
    if (const auto mounts = mount_facts(machine.mounts); !mounts.empty() || !has_files) {
        append(findings, check_mounts(mounts, machine));
    }
    append(findings, std::move(pools.findings));
    const Policy policy = questions.is_about_process() ? Policy{} : own_policy();
    for (const PoolSurvey& pool : pools.found) {
        append(findings, check_nodes(pool, machine, facts.mems_allowed, policy));
    }
    append(findings, check_environment(questions.environment));
    if (questions.is_about_process()) {
        findings.push_back(check_mapped(questions, roots));
        return findings;
    }
    const std::string self = own_executable();
    const std::string library = library_of(questions, self, findings);
    append(findings, check_command(questions, library, self));
    if (questions.tries_request && !library.empty() && has_files) {
        for (const PoolSurvey& pool : pools.found) {
            findings.push_back(try_request(pool, library, self));
        }
    }
    return findings;
}

}  // namespace ctl
