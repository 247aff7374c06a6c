// hugepagectl status and verify: what there is, who has it, and whether it is as it should be. Changes
// nothing.
#include "tools/ctl/status.h"

#include "tools/common/command_line.h"
#include "tools/common/failure.h"
#include "tools/common/interrupts.h"
#include "tools/common/log.h"
#include "tools/common/terminal.h"
#include "tools/ctl/commands.h"
#include "tools/pool/request.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ctl {
namespace {

using tools::ExitCode;

struct StatusOptions {
    PoolOptions pool;
    std::string node = "all";
    std::string watch;
    std::string metrics_file;
    std::vector<std::string> processes;
    bool all_pages = false;
    bool json = false;

    const char* command = "status";                      // or verify
    std::optional<hugepage::NodeSet> nodes;              // of `node`; nothing: all, also those that are gone
    std::optional<std::size_t> seconds_between_watches;  // of `watch`

    [[nodiscard]] bool covers(NodeId id) const { return !nodes || nodes->contains(id); }
};

// What the configuration file wants of this pool. The pool can be shown all the same where it can't be read.
std::optional<pool::Request> wanted_of(const PoolChoice& choice, const Machine& machine) try {
    const auto values = config_values(kConfigFile);
    auto wanted = values ? pool::wanted_by(*values, machine) : std::nullopt;
    const bool is_of_pool =
        wanted && wanted->pattern.text() == pool::pattern_of("", std::string(choice.pattern.text())).text();
    return is_of_pool ? std::move(wanted) : std::nullopt;
} catch (const tools::Failure& failure) {
    tools::warn(failure.what());
    return std::nullopt;
}

// Metrics tell of a pool that isn't there too, since after a boot without pages nothing else would.
Pool read_pool_of(const StatusOptions& options, const PoolChoice& choice) try {
    return read_pool(choice);
} catch (const NoPool&) {
    if (options.metrics_file.empty()) {
        throw;
    }
    Pool pool;
    pool.choice = choice;
    return pool;
}

std::vector<Pool> read_pools(const StatusOptions& options) {
    std::vector<Pool> pools;
    std::size_t files = 0;
    const Machine machine = read_machine();
    for (const PoolChoice& choice : choose_pools(options.pool, own_environment())) {
        Pool& pool = pools.emplace_back(read_pool_of(options, choice));
        std::erase_if(pool.files, [&](const MemoryFile& file) { return !options.covers(file.node); });
        files += pool.files.size() + pool.closed.size();
        pool.wanted = wanted_of(choice, machine);
        if (pool.wanted) {
            std::erase_if(pool.wanted->shares,
                          [&](const pool::Share& share) { return !options.covers(share.node); });
        }
    }
    if (options.all_pages && files == 0) {
        tools::fail(
            "look for memory files: there are none; say where they are by --path DIR, or make "
            "some: 'hugepagectl plan' says how.");
    }
    return pools;
}

void look_at_all_pages(std::vector<Pool>& pools) {
    const tools::Interrupts interrupts;
    std::uint64_t bytes = 0;
    for (const Pool& pool : pools) {
        for (const MemoryFile& file : pool.files) {
            bytes += file.has_all_pages() ? file.size.bytes : 0;
        }
    }
    tools::Progress progress("Looking at pages", bytes, [](std::uint64_t done, tools::Seconds elapsed) {
        return size_text({static_cast<std::uint64_t>(static_cast<double>(done) / elapsed.count())}) + "/s";
    });
    std::uint64_t seen = 0;
    for (Pool& pool : pools) {
        look_at_pages(pool, kAllPages, [&](std::uint64_t more) {
            progress.update(seen += more);
            interrupts.check();
        });
    }
}

// Of the processes that have a buffer of a file's size: the kernel takes a while to walk all pages of a big
// one.
void look_at_buffers(StatusFacts& facts) {
    std::vector<Process> processes;
    for (Process& process : facts.processes) {
        const bool has_buffers = std::ranges::any_of(judge_buffers(process, facts.machine, facts.pools),
                                                     &BufferJudgement::has_file_size);
        try {
            processes.push_back(has_buffers ? tools::read_process(process.pid) : std::move(process));
        } catch (const tools::Failure&) {
            continue;  // it has ended meanwhile
        }
    }
    facts.processes = std::move(processes);
}

StatusFacts look(const StatusOptions& options) {
    StatusFacts facts;
    facts.pools = read_pools(options);
    facts.all_pages = options.all_pages;
    tools::Holders seen = find_holders(facts.pools);
    facts.processes = std::move(seen.with_shim);
    facts.unseen_processes = seen.unseen_processes;
    if (options.all_pages) {
        look_at_all_pages(facts.pools);
    } else {
        std::ranges::for_each(facts.pools, [](Pool& pool) { look_at_pages(pool); });
    }
    facts.machine = read_machine();  // the counts as they are now that the files are known
    facts.nodes = options.nodes;
    if (!options.metrics_file.empty()) {
        look_at_buffers(facts);
    }
    facts.now = std::time(nullptr);
    return facts;
}

ExitCode show(const StatusOptions& options) {
    const Json report = status_report(look(options));
    const Terminal terminal = Terminal::of_stdout();
    if (!options.metrics_file.empty()) {
        const std::string metrics = status_metrics(report, CTL_VERSION);
        if (options.metrics_file == "-" || options.metrics_file == "/dev/stdout") {
            print(metrics);
        } else {
            replace_file(options.metrics_file, metrics);
        }
    } else if (options.json) {
        print(as_json(options.command, report,
                      options.seconds_between_watches ? Layout::line : Layout::indented));
    } else {
        // From the top of the screen, if it is to be drawn again.
        const bool in_place = options.seconds_between_watches && terminal.can_redraw;
        print((in_place ? "\033[H\033[J" : "") + status_text(report, terminal));
    }
    return options.all_pages ? exit_code_of(report) : ExitCode::done;
}

// Ends by a signal alone.
[[noreturn]] void watch(const StatusOptions& options) {
    const tools::Interrupts interrupts;
    for (;;) {
        static_cast<void>(show(options));
        interrupts.wait(std::chrono::seconds(*options.seconds_between_watches));
    }
}

Json report_on_process(const StatusOptions& options, pid_t pid) {
    // The pool is the one that the process was told of, if it was.
    Environment environment = environment_of(pid);
    environment.merge(own_environment());
    const Machine machine = read_machine();
    std::vector<Pool> pools;
    for (const PoolChoice& choice : choose_pools(options.pool, environment)) {
        try {
            pools.push_back(read_pool(choice));
        } catch (const tools::Failure& failure) {
            tools::warn(failure.what());  // what the process has can be told all the same
        }
    }
    return process_report(tools::read_process(pid), machine, pools);
}

ExitCode show_processes(const StatusOptions& options) {
    std::vector<pid_t> pids;
    for (const std::string& word : options.processes) {
        std::ranges::copy(tools::processes_named(word), std::back_inserter(pids));
    }
    Json report = {{"faults", 0}, {"processes", Json::array()}};
    std::string text;
    ExitCode code = ExitCode::done;
    for (const pid_t pid : pids) {
        try {
            Json process = report_on_process(options, pid);
            text += (text.empty() ? "" : "\n") + process_text(process, Terminal::of_stdout());
            add_to(report, "faults", count_in(process, "faults"));
            report["processes"].push_back(std::move(process));
        } catch (const tools::Failure& failure) {
            if (pids.size() == 1) {
                throw;
            }
            tools::warn(failure.what());  // the others can be told of all the same
            code = failure.code();
        }
    }
    print(options.json ? as_json(options.command, report) : text);
    return report["faults"] == 0 ? code : ExitCode::check_failed;
}

ExitCode status(StatusOptions options) {
    constexpr std::size_t kMostSeconds = 86400;
    options.nodes = pool::nodes_of(options.node);
    if (!options.processes.empty()) {
        return show_processes(options);
    }
    if (!options.watch.empty()) {
        options.seconds_between_watches = tools::count_of("--watch", options.watch, kMostSeconds);
        watch(options);
    }
    return show(options);
}

CLI::App* describe(CLI::App& program, const char* description, const std::shared_ptr<StatusOptions>& options,
                   Action& chosen) {
    CLI::App* app = program.add_subcommand(options->command, description);
    describe_pool_options(*app, options->pool);
    tools::add_option(*app, "--node", options->node, "NODES",
                      "Of these nodes: all, 0,1 or 0-3. Default: all");
    auto* json = app->add_flag("--json", options->json, "For programs: see hugepagectl(8)");
    tools::add_option(*app, "--prometheus", options->metrics_file, "FILE",
                      "Write metrics for node_exporter's textfile collector\n"
                      "to FILE, replaced as a whole; - is stdout")
        ->excludes(json);
    app->callback([options, &chosen] { chosen = [options] { return status(*options); }; });
    return app;
}

}  // namespace

void describe_status(CLI::App& program, Action& chosen) {
    const auto options = std::make_shared<StatusOptions>();
    CLI::App* app = describe(program, "Show huge pages, memory files and who has them", options, chosen);
    auto* all_pages = app->add_flag("--all-pages", options->all_pages,
                                    "Look at every page of every file, not at a sample:\n"
                                    "the same as hugepagectl verify");
    auto* watch = app->add_option("--watch", options->watch,
                                  "Again every so many seconds, until Ctrl-C.\nDefault of SECONDS: 2");
    watch->expected(0, 1)->default_str("2")->option_text("[SECONDS]");
    app->add_option("--pid", options->processes,
                    "Whether the big buffers of these processes, by number\n"
                    "or name, are on huge pages of the right node")
        ->option_text("PID")
        ->excludes(all_pages)
        ->excludes(watch)
        ->excludes("--prometheus");
    app->footer(
        "Examples:\n"
        "  hugepagectl status --watch\n"
        "  hugepagectl status --pid $(pidof lotus-worker)\n"
        "  hugepagectl status --prometheus /var/lib/node_exporter/hugepages.prom\n"
        "\n"
        "Nothing is changed, and no lease is disturbed. Root sees who holds which file,\n"
        "and judges as for the pool's owner; others see their own processes.\n"
        "\n"
        "Exit status: 0 shown, 1 no such pool or process, 4 a buffer of --pid is not as\n"
        "it should be, 5 no permission; with --all-pages as of hugepagectl verify.");
}

void describe_verify(CLI::App& program, Action& chosen) {
    const auto options = std::make_shared<StatusOptions>();
    options->command = "verify";
    options->all_pages = true;
    CLI::App* app = describe(program, "Check every page of every file: status --all-pages", options, chosen);
    app->footer(
        "Example:\n"
        "  hugepagectl verify --path /mnt/huge/pc1\n"
        "\n"
        "Nothing is changed. Leased files are looked at as well, and no lease is\n"
        "disturbed.\n"
        "\n"
        "Exit status: 0 all right, 1 no such pool, 3 something could not be looked at,\n"
        "4 a file is wrong.");
}

}  // namespace ctl
