// hugepagectl plan: says what would be needed and changes nothing.
#include "tools/ctl/plan.h"

#include "tools/common/failure.h"
#include "tools/ctl/commands.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ctl {
namespace {

using tools::ExitCode;

using pool::NodePlan;
using pool::Plan;

constexpr std::size_t kFilesOfSector = 2;  // the layer that is made, and the one before it

struct PlanOptions {
    pool::RequestOptions request{
        .num = "1", .node = "all", .path = "/mnt/huge/pc1", .page_size = "auto", .size_name = "--sector"};
    std::string parallel = "1";
    std::string per_node;
    bool json = false;
};

Json node_json(const NodePlan& plan, const Plan& all, const Machine& machine) {
    const Node& node = *machine.find(plan.node);
    const std::uint64_t page = all.page_size.bytes;
    const std::uint64_t needed = plan.wanted() * plan.pages_per_file * page;
    std::uint64_t taken = plan.missing_pages * page;  // by huge pages of every size, these files' included
    for (const Pages& pages : node.pages) {
        taken += pages.total * pages.size.bytes;
    }
    const std::uint64_t left = node.memory.bytes - std::min(node.memory.bytes, taken);
    return {{"node", plan.node.value},
            {"sectors", plan.wanted() / kFilesOfSector},
            {"files", plan.wanted()},
            {"pages", plan.wanted() * plan.pages_per_file},
            {"needed_bytes", needed},
            {"other_bytes", taken - std::min(taken, needed)},
            {"memory_bytes", node.memory.bytes},
            {"left_bytes", plan.has_room() ? left : 0},
            {"fits", plan.has_room()}};
}

}  // namespace

Json plan_report(const Plan& plan, const Machine& machine) {
    constexpr std::uint64_t kLabel = 32;
    constexpr std::uint64_t kParentsOfLabel = 56;  // 14 numbers, which every sector reads again in each layer
    pool::Request request = plan.request;
    request.page_size = plan.page_size;
    Json nodes = Json::array();
    std::uint64_t left = 0;
    for (const NodePlan& node : plan.nodes) {
        nodes.push_back(node_json(node, plan, machine));
        left += count_in(nodes.back(), "left_bytes");
    }
    const std::uint64_t parents = request.size.bytes / kLabel * kParentsOfLabel;
    return {{"sector_bytes", request.size.bytes},
            {"page_bytes", plan.page_size.bytes},
            {"parents_bytes", parents},
            {"fits", plan.has_room()},
            {"has_room_for_parents", parents <= left},
            {"nodes", nodes},
            {"kernel_command_line", kernel_command_line(plan, machine)},
            {"setup_command", setup_command(request)}};
}

namespace {

std::string remarks(const Json& report, const Terminal& terminal) {
    const auto typed = [&](const char* key) { return "\n  " + report.at(key).get<std::string>() + "\n"; };
    if (report.at("fits") == false) {
        return "\n" + paragraph(terminal,
                                "A node's memory has no room for that, beside what the system and the huge "
                                "pages of other programs take: fewer sectors at a time, or more nodes.");
    }
    const std::string parents = size_text({count_in(report, "parents_bytes")});
    std::string text = "\n";
    text += report.at("has_room_for_parents") == true
                ? paragraph(terminal, fmt::format("Of what is left, PC1 uses {} for the cache of all labels' "
                                                  "parents, once for the machine.",
                                                  parents))
                : paragraph(terminal,
                            fmt::format("What is left is less than the {} of the cache of all labels' "
                                        "parents: PC1 will read them from the disk in each layer.",
                                        parents),
                            0, Tone::warning);
    const ByteSize page_size{count_in(report, "page_bytes")};
    const bool is_for_boot = page_size >= k1GiB;
    if (is_for_boot) {
        text +=
            "\n" +
            paragraph(terminal,
                      fmt::format("On the kernel's command line (GRUB_CMDLINE_LINUX in /etc/default/grub, "
                                  "then update-grub and a reboot), as pages of {} are rarely free "
                                  "later:",
                                  tools::page_size_text(page_size))) +
            typed("kernel_command_line");
    }
    text += "\n" +
            paragraph(terminal,
                      is_for_boot ? "Then, once and after each reboot:" : "Once, and after each reboot:") +
            typed("setup_command");
    if (report.at("setup_command").get<std::string>().find(" --user ") == std::string::npos) {
        text += "\n" + paragraph(terminal,
                                 "The files will be root's. For a sealer of another user add --user and the "
                                 "user's name.");
    }
    return text;
}

std::string plan_text(const Json& report, const Terminal& terminal) {
    std::size_t sectors = 0;
    for (const Json& node : report.at("nodes")) {
        sectors += count_in(node, "sectors");
    }
    const Field left = {{"LEFT", Column::Side::right}, [](const Json& row) {
                            return row.at("fits") == true ? Cell{size_text({count_in(row, "left_bytes")})}
                                                          : Cell{"doesn't fit", Tone::bad};
                        }};
    return paragraph(terminal,
                     fmt::format("{} of {} at a time on all nodes together, two files each, in pages of {}:",
                                 tools::counted(sectors, "sector"),
                                 tools::exact_text({count_in(report, "sector_bytes")}),
                                 tools::page_size_text({count_in(report, "page_bytes")}))) +
           "\n" +
           table(
               terminal,
               {count_field("NODE", "node"), count_field("SECTORS", "sectors"), count_field("FILES", "files"),
                count_field("PAGES", "pages"), size_field("IN FILES", "needed_bytes"),
                size_field("OTHER", "other_bytes"), size_field("MEMORY", "memory_bytes"), left},
               report.at("nodes")) +
           remarks(report, terminal);
}

}  // namespace

void deal_out(std::size_t sectors, std::vector<pool::Share>& shares) {
    for (std::size_t i = 0; i < shares.size(); ++i) {
        shares[i].files = kFilesOfSector * (sectors / shares.size() + (i < sectors % shares.size() ? 1 : 0));
    }
}

namespace {

pool::Request request_of(const PlanOptions& options, const Machine& machine) {
    constexpr std::size_t kMostSectors = pool::kMostFiles / kFilesOfSector;
    pool::Request request = pool::request_of(options.request, machine);
    const std::size_t sectors =
        options.per_node.empty()
            ? tools::count_of("--parallel", options.parallel, kMostSectors)
            : tools::count_of("--per-node", options.per_node, kMostSectors) * request.shares.size();
    deal_out(sectors, request.shares);
    // The sealer's user is who asks; setup by sudo would take root for it.
    if (!request.owner && ::geteuid() != 0) {
        request.owner = ::geteuid();
    }
    return request;
}

// Files that are there count as far as setup would keep them.
pool::Facts facts_of(const pool::Request& request, const Machine& machine) {
    try {
        return look_at_machine(request);
    } catch (const tools::Failure&) {  // setup says it, if it is still so then
        return without_files(request, machine);
    }
}

ExitCode propose(const PlanOptions& options) {
    const Machine machine = read_machine();
    const pool::Request request = request_of(options, machine);
    const Plan plan = make_plan(request, facts_of(request, machine), pool::Purpose::show);
    const Json report = plan_report(plan, machine);
    print(options.json ? as_json("plan", report) : plan_text(report, Terminal::of_stdout()));
    return plan.has_room() ? ExitCode::done : ExitCode::check_failed;
}

}  // namespace

void describe_plan(CLI::App& program, Action& chosen) {
    CLI::App* app = program.add_subcommand("plan", "Say what a number of sectors at a time would need");
    const auto options = std::make_shared<PlanOptions>();
    const auto add = std::bind_front(tools::add_option, std::ref(*app));
    add("--sector", options->request.size, "SIZE", "Size of a sector, e.g. 32GiB. Needed")->required();
    auto* parallel = add("--parallel", options->parallel, "N",
                         "Sectors labelled at a time, on all nodes\ntogether. Default: 1");
    add("--per-node", options->per_node, "N",
        "Sectors labelled at a time on each node, in the\nplace of --parallel")
        ->excludes(parallel);
    add("--node", options->request.node, "NODES", "Nodes: all, 0,1 or 0-3. Default: all");
    add("--page-size", options->request.page_size, "SIZE",
        "auto, 1GiB or 2MiB. Default: auto, the size that is\nmounted there; else the larger one "
        "of which a sector\nis a whole number");
    add("--path", options->request.path, "DIR", "Folder for the files. Default: /mnt/huge/pc1");
    add("--user", options->request.user, "U", "The sealer's user, name or number. Default: you");
    app->add_flag("--json", options->json, "For programs: see hugepagectl(8)");
    app->footer(
        "Counts what is there: files of the pool, pages of other programs, and pages that\n"
        "are promised to them.\n"
        "\n"
        "Example:\n"
        "  hugepagectl plan --sector 32GiB --parallel 6\n"
        "\n"
        "Exit status: 0 it fits, 4 it doesn't.");
    app->callback([options, &chosen] { chosen = [options] { return propose(*options); }; });
}

}  // namespace ctl
