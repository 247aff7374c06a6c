#include "tools/ctl/doctor/doctor.h"

#include "shim/base/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/lines.h"
#include "tools/ctl/doctor/environment_checks.h"
#include "tools/ctl/doctor/pool_checks.h"
#include "tools/ctl/doctor/program_checks.h"
#include "tools/ctl/doctor/request.h"
#include "tools/ctl/doctor/system_checks.h"
#include "tools/ctl/pool/file_pages.h"
#include "tools/ctl/program/preload.h"

#include <fmt/format.h>

#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace ctl {
namespace {

using hugepage::NodeSet;

// The nodes that numactl has bound this process to, if it has.
std::optional<NodeSet> own_binding() {
    constexpr int kModeFlags = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES | MPOL_F_NUMA_BALANCING;
    int mode = MPOL_DEFAULT;
    NodeSet nodes;
    // The kernel wants one more than there are bits.
    const bool is_known =
        ::syscall(SYS_get_mempolicy, &mode, nodes.data(), NodeSet::kBits + 1, nullptr, 0) == 0;
    return is_known && (mode & ~kModeFlags) == MPOL_BIND ? std::optional(nodes) : std::nullopt;
}

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
            look_at_pages(pools.found.back());
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
        std::string path = find_library(questions.library, needs_heap(questions.environment), self);
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

}  // namespace

Findings diagnose(const Questions& questions) {
    Roots roots;
    roots.process = questions.process;
    const Machine machine = read_machine();
    SystemFacts facts = read_system_facts(roots);
    if (const auto bound = own_binding(); bound && !questions.is_about_process()) {
        facts.mems_allowed = facts.mems_allowed.value_or(*bound);
        facts.mems_allowed->intersect(*bound);
    }
    Pools pools = look_at_pools(questions, machine);

    Findings findings = check_system(facts, machine, std::ranges::any_of(pools.found, has_usable_files));
    append(findings, std::move(pools.findings));
    for (const PoolSurvey& pool : pools.found) {
        append(findings, check_nodes(pool, machine, facts.mems_allowed));
    }
    const Environment& environment = questions.environment;
    append(findings, check_environment(environment, roots.of_process("root")));
    if (questions.is_about_process()) {
        findings.push_back(check_mapped(questions, roots));
        return findings;
    }
    const std::string self = own_executable();
    const std::string library = library_of(questions, self, findings);
    if (!questions.command.empty()) {
        const char* const search = environment.find("PATH");
        append(findings, check_program(look_at_program(questions.command.front(),
                                                       search != nullptr ? search : "/usr/bin:/bin"),
                                       {::getuid(), ::getgid()}, environment.value("HUGEPAGE_EXE")));
    }
    for (const PoolSurvey& pool : pools.found) {
        if (!library.empty()) {
            findings.push_back(try_request(pool, library, self));
        }
    }
    return findings;
}

}  // namespace ctl
