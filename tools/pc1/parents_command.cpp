#include "tools/common/command_line.h"
#include "tools/common/values.h"
#include "tools/pc1/commands.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>

namespace pc1 {
namespace {

Json digest_parents(const Sector& sector, unsigned threads) {
    Json report = report_on("pc1-label parents", sector);
    tools::Progress progress("parents", sector.nodes(), per_node);
    const auto start = std::chrono::steady_clock::now();
    const Bytes32 digest = digest_of_parents(sector.graph(), threads,
                                             [&progress](std::uint64_t done) { progress.update(done); });
    report.update({{"threads", threads},
                   {"seconds", tools::Seconds(std::chrono::steady_clock::now() - start).count()},
                   {"bytes", sector.nodes() * sizeof(ParentRow)},
                   {"sha256", to_hex(digest)}});
    return report;
}

std::string parents_table(const Json& report) {
    const double seconds = number_in(report, "seconds");
    return sector_facts(report) +
           fact("Parents", fmt::format("{} bytes in {:.3f} s, {:.1f} ns/node, by {}",
                                       report.at("bytes").get<std::uint64_t>(), seconds,
                                       seconds * 1e9 / number_in(report, "nodes"),
                                       tools::counted(report.at("threads").get<std::uint64_t>(), "thread"))) +
           fact("SHA-256", text_in(report, "sha256"));
}

}  // namespace

std::string parents_command(int argc, const char* const* argv) {
    constexpr unsigned kMostThreads = 256;
    CLI::App app(
        "Computes the parents of all labels, which the proofs library keeps in a file of\n1.75 times the "
        "sector, and gives their SHA-256, which is that file's.",
        "pc1-label parents");
    SectorOptions sector(app);
    unsigned threads = std::min(usable_cpus(), kMostThreads);
    bool digest = false;  // all that there is to do, and asked for by its name
    app.add_flag("--digest", digest, "Show the SHA-256. Needed")->required()->option_text(" ");
    app.add_option("--threads", threads, "Threads that compute. Default: one for each CPU")
        ->option_text("T")
        ->check(CLI::Range(1U, kMostThreads));
    app.footer(
        "Example:\n"
        "  pc1-label parents --sector-size 512MiB --digest\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage.");
    if (const auto help = tools::parse(app, argc, argv)) {
        return *help;
    }
    const Json report = digest_parents(sector.sector(), threads);
    return sector.json ? json_text(report) : parents_table(report);
}

}  // namespace pc1
