// hugepagectl doctor: checks whether a sealer would be served, and suggests what to type where it would not.
// And the hidden command by which it tries a request.
#include "tools/common/failure.h"
#include "tools/ctl/commands.h"
#include "tools/ctl/findings.h"
#include "tools/ctl/try_request.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ctl {
namespace {

using hugepage::NodeSet;
using tools::ExitCode;

struct DoctorOptions {
    PoolOptions pool;
    std::string process;
    std::string library;
    bool json = false;
};

// What is asked about: a program to be started, with this process's variables, or a process that runs.
struct Subject {
    Environment environment;
    std::vector<std::string> command;  // empty: no program is looked at
    pid_t pid = 0;                     // 0: none runs
    Root root;
};

Subject subject_of(const DoctorOptions& options, const std::vector<std::string>& command) {
    if (options.process.empty()) {
        return {own_environment(), command, 0, {}};
    }
    if (!command.empty()) {
        tools::refuse(
            "--pid is about a program that runs, and a command about one that doesn't yet: not both.");
    }
    const std::vector<pid_t> pids = tools::processes_named(options.process);
    if (pids.size() > 1) {
        tools::refuse("--pid: there are several processes '{}': {}; choose one.", options.process,
                      fmt::join(pids, ", "));
    }
    Root root;
    root.process = std::to_string(pids.front());
    return {environment_of(pids.front()), {}, pids.front(), root};
}

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

// The pools that are there; of those that aren't, a finding.
std::vector<Pool> read_pools(const DoctorOptions& options, const Subject& subject, Findings& findings) {
    std::vector<Pool> pools;
    if (options.pool.empty() && value_of(subject.environment, "HUGEPAGE_MODE") == "thp") {
        findings.push_back({"pool", Verdict::ok, "HUGEPAGE_MODE=thp: transparent huge pages, and no pool"});
        return pools;
    }
    try {
        for (const PoolChoice& choice : choose_pools(options.pool, subject.environment)) {
            pools.push_back(read_pool(choice));
            look_at_pages(pools.back());
        }
        if (pools.empty()) {
            findings.push_back(no_pool("no pool is named, and none is found on a mount of hugetlbfs"));
        }
    } catch (const tools::Failure& failure) {
        if (failure.code() == ExitCode::usage && !options.pool.empty()) {
            throw;
        }
        findings.push_back(no_pool(failure.what()));
    }
    if (!pools.empty()) {
        find_holders(pools);
    }
    for (const Pool& pool : pools) {
        append(findings, judge_pool(pool));
    }
    return pools;
}

// The library's path; empty, and a finding, if there is none.
std::string library_of(const DoctorOptions& options, const Subject& subject, const std::string& self,
                       Findings& findings) {
    try {
        std::string path = find_library(options.library, needs_heap(subject.environment), self);
        findings.push_back({"library", Verdict::ok, path});
        return path;
    } catch (const tools::Failure& failure) {
        if (!options.library.empty()) {
            throw;
        }
        findings.push_back({"library", Verdict::fail, failure.what(), "There is nothing to preload.",
                            "sudo cmake --install build/release && sudo ldconfig"});
        return {};
    }
}

Findings diagnose(const DoctorOptions& options, const Subject& subject) {
    const Machine machine = read_machine();
    Settings settings = read_settings(subject.root);
    if (const auto bound = own_binding(); bound && subject.pid == 0) {
        settings.mems_allowed = settings.mems_allowed.value_or(*bound);
        settings.mems_allowed->intersect(*bound);
    }
    Findings of_pools;
    const std::vector<Pool> pools = read_pools(options, subject, of_pools);
    const bool has_pool = count(of_pools, Verdict::fail) == 0 || std::ranges::any_of(pools, has_usable_files);

    Findings findings = judge_machine(machine, settings, has_pool);
    append(findings, std::move(of_pools));
    for (const Pool& pool : pools) {
        append(findings, judge_nodes(pool, machine, settings.mems_allowed));
    }
    const Environment& environment = subject.environment;
    append(findings, judge_environment(environment));
    if (subject.pid != 0) {
        const Process process = tools::read_process(subject.pid);
        append(findings, judge_process(process, judge_buffers(process, machine, pools)));
        if (!pools.empty()) {
            append(findings, judge_locking(look_at_program(fmt::format("/proc/{}/exe", subject.pid), "")));
        }
        return findings;
    }
    const std::string self = own_executable();
    const std::string library = library_of(options, subject, self, findings);
    if (!subject.command.empty()) {
        const Program program = look_at_program(subject.command.front(), value_of(environment, "PATH"));
        append(findings, judge_program(program, value_of(environment, "HUGEPAGE_EXE")));
        if (!pools.empty()) {
            append(findings, judge_locking(program));
        }
    }
    for (const Pool& pool : pools) {
        if (!library.empty()) {
            findings.push_back(try_request(pool, library, self));
        }
    }
    return findings;
}

ExitCode examine(const DoctorOptions& options, const std::vector<std::string>& command) {
    const Findings findings = diagnose(options, subject_of(options, command));
    const Json report = findings_report(findings);
    const Terminal terminal = Terminal::of_stdout();
    print(options.json ? as_json("doctor", report)
                       : findings_text(report.at("findings"), terminal) + summary_text(report, terminal));
    return count(findings, Verdict::fail) > 0 ? ExitCode::check_failed : ExitCode::done;
}

}  // namespace

void describe_doctor(CLI::App& program, Action& chosen, const std::vector<std::string>& command) {
    CLI::App* app = program.add_subcommand("doctor", "Diagnose problems, and suggest what to type");
    const auto options = std::make_shared<DoctorOptions>();
    describe_pool_options(*app, options->pool);
    tools::add_option(*app, "--pid", options->process, "PID",
                      "A process that runs, by number or name: its\nenvironment, its limits, whether it has "
                      "the library,\n"
                      "and what is served");
    tools::add_option(*app, "--library", options->library, "FILE",
                      "The library. Default: the one that run chooses");
    app->add_flag("--json", options->json, "For programs: see hugepagectl(8)");
    app->footer(
        "After -- the command that is to be served: its file is read, and nothing of it\n"
        "runs. Changes nothing; has one file leased for a moment, if one is free. For\n"
        "root the pool's owner is taken for the sealer's user.\n"
        "\n"
        "Example:\n"
        "  hugepagectl doctor -- lotus-worker run\n"
        "\n"
        "Exit status: 0 it works, 4 it doesn't.");
    app->callback([options, &chosen, &command] {
        chosen = [options, &command] { return examine(*options, command); };
    });
}

void describe_try_request(CLI::App& program, Action& chosen) {
    CLI::App* app = program.add_subcommand(kTryRequest, "Ask for memory once, as doctor does");
    app->group("");  // not shown
    const auto bytes = std::make_shared<std::uint64_t>();
    app->add_option("BYTES", *bytes, "How much")->required()->check(CLI::PositiveNumber);
    app->callback([bytes, &chosen] {
        chosen = [bytes] {
            print(make_request(ByteSize{*bytes}) + "\n");
            return ExitCode::done;
        };
    });
}

}  // namespace ctl
