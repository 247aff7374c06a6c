// hugepagectl status: what there is, who has it, and whether it is as it should be. Changes nothing.
#include "shim/core/hugetlbfs.h"
#include "tools/common/failure.h"
#include "tools/common/interrupts.h"
#include "tools/common/log.h"
#include "tools/ctl/base/values.h"
#include "tools/ctl/commands.h"
#include "tools/ctl/pool/file_pages.h"
#include "tools/ctl/program/environment.h"
#include "tools/ctl/status/process_report.h"
#include "tools/ctl/status/screen.h"
#include "tools/ctl/status/status.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <spdlog/fmt/fmt.h>

#include <ctime>
#include <memory>
#include <optional>
#include <string>

namespace ctl {
namespace {

using tools::ExitCode;

struct StatusOptions {
    PoolOptions pool;
    std::string watch;
    std::string metrics_file;
    std::string pid;
    bool json = false;
};

std::vector<Promised> promised_pages(const Machine& machine) {
    std::vector<Promised> promised;
    for (const ByteSize size : machine.page_sizes) {
        const auto counts = hugepage::huge_page_counts("/sys", size, std::nullopt);
        if (counts && counts.value().reserved > 0) {
            promised.push_back({size, counts.value().reserved});
        }
    }
    return promised;
}

StatusReport read_status(const StatusOptions& options) {
    StatusReport report;
    const auto mounts = read_machine().mounts;
    for (const PoolChoice& choice : choose_pools(options.pool, own_variable, kConfigFile, mounts)) {
        report.pools.push_back(survey(choice));
    }
    if (!report.pools.empty()) {
        report.unseen_processes = find_holders(report.pools);
    }
    for (PoolSurvey& pool : report.pools) {
        sample_pages(pool);
    }
    const Machine machine = read_machine();  // the counts as they are now that the files are known
    report.pages = uses_of(machine, report.pools);
    report.promised = promised_pages(machine);
    report.now = std::time(nullptr);
    return report;
}

void show(const StatusOptions& options, Screen* screen) {
    const StatusReport report = read_status(options);
    if (!options.metrics_file.empty()) {
        const std::string metrics = status_metrics(report, CTL_VERSION);
        if (options.metrics_file == "-") {
            print(metrics);
        } else {
            replace_file(options.metrics_file, metrics);
        }
    } else if (options.json) {
        print(as_json("status", status_json(report)));
    } else if (screen != nullptr) {
        screen->draw(status_text(report, Terminal::of_stdout()));
    } else {
        print(status_text(report, Terminal::of_stdout()));
    }
}

// Ends by a signal alone.
[[noreturn]] void watch(const StatusOptions& options, std::size_t seconds) {
    constexpr int kMillisecondsPerSecond = 1000;
    const tools::Interrupts interrupts;
    Screen screen;
    const Terminal terminal = Terminal::of_stdout();
    const bool in_place = terminal.can_redraw && !options.json && options.metrics_file.empty();
    for (;;) {
        show(options, in_place ? &screen : nullptr);
        pollfd end{interrupts.fd(), POLLIN, 0};
        ::poll(&end, 1, static_cast<int>(seconds) * kMillisecondsPerSecond);
        interrupts.check();
    }
}

ExitCode show_process(const StatusOptions& options, pid_t pid) {
    const ProcessFacts facts = read_process(pid);
    // The pool is the one that the process was told of, if it was.
    const Environment environment = Environment::of_process(fmt::format("/proc/{}/environ", pid));
    const auto variables = [&](const std::string& name) {
        const char* value = environment.find(name);
        return value != nullptr ? std::optional<std::string>(value) : own_variable(name);
    };
    const Machine machine = read_machine();
    std::vector<PoolSurvey> pools;
    for (const PoolChoice& choice : choose_pools(options.pool, variables, kConfigFile, machine.mounts)) {
        try {
            pools.push_back(survey(choice));
        } catch (const tools::Failure& failure) {
            tools::warn(failure.what());  // what the process has can be told all the same
        }
    }
    const ProcessReport report = judge(facts, machine, pools);
    print(options.json ? as_json("status", process_json(report))
                       : process_text(report, Terminal::of_stdout()));
    return report.faults == 0 ? ExitCode::done : ExitCode::check_failed;
}

Action checked(const StatusOptions& options) {
    constexpr std::size_t kMostSeconds = 86400;
    constexpr std::size_t kMostPid = 4194304;  // PID_MAX_LIMIT
    if (!options.pid.empty()) {
        const auto pid = static_cast<pid_t>(count_of("--pid", options.pid, kMostPid));
        return [=] { return show_process(options, pid); };
    }
    if (!options.watch.empty()) {
        const std::size_t seconds = count_of("--watch", options.watch, kMostSeconds);
        return [=]() -> ExitCode { watch(options, seconds); };
    }
    return [=] {
        show(options, nullptr);
        return ExitCode::done;
    };
}

}  // namespace

void describe_status(CLI::App& program, Action& chosen) {
    CLI::App* app = program.add_subcommand("status", "Show huge pages, memory files and who has them");
    const auto options = std::make_shared<StatusOptions>();
    describe_pool_options(*app, options->pool);
    auto* watch = app->add_option("--watch", options->watch,
                                  "Again every so many seconds, until Ctrl-C.\nDefault of SECONDS: 2");
    watch->expected(0, 1)->default_str("2")->option_text("[SECONDS]");
    auto* json = app->add_flag("--json", options->json, "For programs: see hugepagectl(8)");
    auto* metrics = app->add_option("--prometheus", options->metrics_file,
                                    "Write metrics for node_exporter's textfile collector\n"
                                    "to FILE, replaced as a whole; - is stdout");
    metrics->option_text("FILE")->excludes(json);
    app->add_option("--pid", options->pid,
                    "Whether this process's big buffers are on huge pages\n"
                    "of the right node")
        ->option_text("N")
        ->excludes(watch)
        ->excludes(metrics);
    app->footer(
        "Examples:\n"
        "  hugepagectl status --watch\n"
        "  hugepagectl status --pid $(pidof lotus-worker)\n"
        "  hugepagectl status --prometheus /var/lib/prometheus/node-exporter/hugepages.prom\n"
        "\n"
        "Nothing is changed, and no lease is disturbed. Root sees who holds which file; others\n"
        "see their own processes.\n"
        "\n"
        "Exit status: 0 shown, 1 no such pool or process, 4 a buffer of --pid is not as it should\n"
        "be, 5 no permission.");
    app->callback([options, &chosen] { chosen = checked(*options); });
}

}  // namespace ctl
