// hugepagectl plan: says what would be needed and changes nothing.
#include "tools/common/failure.h"
#include "tools/common/values.h"
#include "tools/common/wording.h"
#include "tools/ctl/commands.h"
#include "tools/pool/judge.h"
#include "tools/pool/values.h"
#include "tools/report/report.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

namespace ctl {
namespace {

using tools::ExitCode;

struct PlanOptions {
    std::string sector;
    std::string parallel;
    std::string per_node;
    std::string node = "all";
    std::string page_size = "auto";
    std::string path = "/mnt/huge/pc1";
    std::string user;
    bool json = false;
};

// The sealer's: who asks, as setup by sudo would take root for it. Empty: root.
std::string sealer(const PlanOptions& options) {
    return !options.user.empty() ? options.user : ::geteuid() == 0 ? "" : user_text(::geteuid());
}

std::string setup_for(const Plan& plan, const PlanOptions& options) {
    std::vector<Share> shares;
    for (const NodePlan& node : plan.nodes) {
        shares.push_back({node.node, node.files});
    }
    return setup_command(shares, plan.sector, plan.page_size, "--path " + tools::quoted(options.path),
                         sealer(options));
}

// Pages of 1 GiB can seldom be had once a machine has run for a while.
bool is_for_boot(const Plan& plan) {
    return plan.page_size >= k1GiB;
}

Json plan_report(const Plan& plan, const Machine& machine, const PlanOptions& options) {
    Json nodes = Json::array();
    for (const NodePlan& node : plan.nodes) {
        nodes.push_back({{"node", node.node.value},
                         {"sectors", node.sectors},
                         {"files", node.files},
                         {"pages", node.pages},
                         {"needed_bytes", node.needed.bytes},
                         {"other_bytes", node.taken.bytes},
                         {"memory_bytes", node.memory.bytes},
                         {"left_bytes", node.left.bytes},
                         {"fits", node.fits}});
    }
    return {{"sector_bytes", plan.sector.bytes},
            {"page_bytes", plan.page_size.bytes},
            {"parents_bytes", plan.parents.bytes},
            {"fits", plan.fits()},
            {"has_room_for_parents", plan.has_room_for_parents()},
            {"nodes", nodes},
            {"kernel_command_line", kernel_command_line(plan, machine)},
            {"setup_command", setup_for(plan, options)}};
}

std::string remarks(const Plan& plan, const Json& report, const PlanOptions& options,
                    const Terminal& terminal) {
    const auto typed = [&](const char* key) { return "\n  " + report.at(key).get<std::string>() + "\n"; };
    if (!plan.fits()) {
        return "\n" + paragraph(terminal,
                                "A node's memory has no room for that, beside what the system and the huge "
                                "pages of other programs take: fewer sectors at a time, or more nodes.");
    }
    std::string text = "\n";
    text += plan.has_room_for_parents()
                ? paragraph(terminal, fmt::format("Of what is left, PC1 uses {} for the cache of all labels' "
                                                  "parents, once for the machine.",
                                                  size_text(plan.parents.bytes)))
                : paragraph(terminal,
                            fmt::format("What is left is less than the {} of the cache of all labels' "
                                        "parents: PC1 will read them from the disk in each layer.",
                                        size_text(plan.parents.bytes)),
                            0, Tone::warning);
    if (is_for_boot(plan)) {
        text +=
            "\n" +
            paragraph(terminal,
                      fmt::format("On the kernel's command line (GRUB_CMDLINE_LINUX in /etc/default/grub, "
                                  "then update-grub and a reboot), as pages of {} can seldom be had "
                                  "later:",
                                  tools::page_size_text(plan.page_size))) +
            typed("kernel_command_line");
    }
    text += "\n" +
            paragraph(terminal, is_for_boot(plan) ? "Then, once and after each reboot:"
                                                  : "Once, and after each reboot:") +
            typed("setup_command");
    if (sealer(options).empty()) {
        text += "\n" + paragraph(terminal,
                                 "The files will be root's. For a sealer of another user add --user and the "
                                 "user's name.");
    }
    return text;
}

std::string plan_text(const Plan& plan, const Json& report, const PlanOptions& options) {
    using Side = Column::Side;
    const Terminal terminal = Terminal::of_stdout();
    std::size_t sectors = 0;
    for (const NodePlan& node : plan.nodes) {
        sectors += node.sectors;
    }
    const Field left = {{"LEFT", Side::right}, [](const Json& row) {
                            return row.at("fits") == true
                                       ? Cell{size_text(row.at("left_bytes").get<std::uint64_t>())}
                                       : Cell{"doesn't fit", Tone::bad};
                        }};
    return paragraph(
               terminal,
               fmt::format("{} of {} at a time on all nodes together, two files each, in pages of {}:",
                           tools::counted(sectors, "sector"), hugepage::to_exact_text(plan.sector).view(),
                           tools::page_size_text(plan.page_size))) +
           "\n" +
           table(
               terminal,
               {count_field("NODE", "node"), count_field("SECTORS", "sectors"), count_field("FILES", "files"),
                count_field("PAGES", "pages"), size_field("IN FILES", "needed_bytes"),
                size_field("OTHER", "other_bytes"), size_field("MEMORY", "memory_bytes"), left},
               report.at("nodes")) +
           remarks(plan, report, options, terminal);
}

// The pool's files of that size and pages that can be used already; none if there is no pool yet.
std::map<NodeId, std::size_t> files_there(const PlanOptions& options, ByteSize size) {
    std::map<NodeId, std::size_t> files;
    const auto pattern = hugepage::FilePattern::in_folder(tools::without_idle_slashes(options.path));
    if (!pattern) {
        tools::refuse("--path: the path is longer than the shim can use.");
    }
    try {
        const Pool pool = read_pool({*pattern, "--path"});
        for (const MemoryFile& file : pool.files) {
            const bool is_huge = file.file_system.kind == hugepage::FileSystem::Kind::hugetlbfs;
            files[file.node] += is_huge && file.size == size && judge(file, pool).is_usable ? 1U : 0U;
        }
    } catch (const tools::Failure&) {  // there is none
    }
    return files;
}

Action checked(const PlanOptions& options) {
    constexpr std::size_t kMostSectors = 2048;  // of two files each
    const Machine machine = read_machine();
    PlanRequest request;
    request.sector = size_of("--sector", options.sector);
    request.sector_as_typed = options.sector;
    request.per_node = !options.per_node.empty();
    request.parallel = request.per_node           ? count_of("--per-node", options.per_node, kMostSectors)
                       : options.parallel.empty() ? 1
                                                  : count_of("--parallel", options.parallel, kMostSectors);
    for (const Share& share : shares_of(options.node, 1, machine)) {
        request.nodes.push_back(share.node);
    }
    request.page_size = page_size_of(options.page_size, machine);
    if (!options.user.empty() && !tools::parse_user(options.user)) {
        tools::refuse(fmt::format("--user: '{}' is no user of this system.", printable(options.user)));
    }
    request.there = files_there(options, request.sector);
    const Plan plan = make_plan(request, machine);
    return [=] {
        const Json report = plan_report(plan, machine, options);
        print(options.json ? as_json("plan", report) : plan_text(plan, report, options));
        return plan.fits() ? ExitCode::done : ExitCode::check_failed;
    };
}

}  // namespace

void describe_plan(CLI::App& program, Action& chosen) {
    CLI::App* app = program.add_subcommand("plan", "Say what a number of sectors at a time would need");
    const auto options = std::make_shared<PlanOptions>();
    app->add_option("--sector", options->sector, "Size of a sector, e.g. 32GiB. Needed")
        ->option_text("SIZE")
        ->required();
    auto* parallel = app->add_option("--parallel", options->parallel,
                                     "Sectors labelled at a time, on all nodes\ntogether. Default: 1");
    parallel->option_text("N");
    app->add_option("--per-node", options->per_node,
                    "Sectors labelled at a time on each node, in the\nplace of --parallel")
        ->option_text("N")
        ->excludes(parallel);
    app->add_option("--node", options->node, "Nodes: all, 0,1 or 0-3. Default: all")->option_text("NODES");
    app->add_option("--page-size", options->page_size,
                    "auto, 1GiB or 2MiB. Default: auto, the larger one\nof which a sector is a whole number")
        ->option_text("SIZE");
    app->add_option("--path", options->path, "Folder for the files. Default: /mnt/huge/pc1")
        ->option_text("DIR");
    app->add_option("--user", options->user, "The sealer's user, name or number. Default: you")
        ->option_text("U");
    app->add_flag("--json", options->json, "For programs: see hugepagectl(8)");
    app->footer(
        "Counts what is there: files of the pool, pages of other programs, and pages that\n"
        "are promised to them.\n"
        "\n"
        "Example:\n"
        "  hugepagectl plan --sector 32GiB --parallel 6\n"
        "\n"
        "Exit status: 0 it fits, 4 it doesn't.");
    app->callback([options, &chosen] { chosen = checked(*options); });
}

}  // namespace ctl
