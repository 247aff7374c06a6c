// hugepagectl plan: says what would be needed and changes nothing.
#include "tools/common/wording.h"
#include "tools/ctl/base/output.h"
#include "tools/ctl/commands.h"
#include "tools/ctl/plan/plan.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <vector>

namespace ctl {
namespace {

using tools::ExitCode;

struct PlanOptions {
    std::string sector;
    std::string parallel = "1";
    std::string node = "all";
    std::string page_size = "auto";
    std::string path = "/mnt/huge/pc1";
    bool json = false;
};

std::string exact(ByteSize size) {
    return std::string(hugepage::to_exact_text(size).view());
}

std::string setup_command(const Plan& plan, const std::string& path) {
    std::vector<std::string> nodes;
    for (const NodePlan& node : plan.nodes) {
        if (node.files > 0) {
            nodes.push_back(fmt::format("{}:{}", node.node.value, node.files));
        }
    }
    return fmt::format("hugepagectl setup --size {} --node {} --page-size {} --path {}", exact(plan.sector),
                       fmt::join(nodes, ","), exact(plan.page_size), tools::quoted(path));
}

// Pages of 1 GiB can seldom be had once a machine has run for a while.
bool is_for_boot(const Plan& plan) {
    return plan.page_size >= k1GiB;
}

std::string as_text(const Plan& plan, const Machine& machine, const PlanOptions& options) {
    using Side = Column::Side;
    const Terminal terminal = Terminal::of_stdout();
    std::vector<std::vector<Cell>> rows;
    for (const NodePlan& node : plan.nodes) {
        const Cell left = node.fits() ? Cell{size_text(node.left().bytes)} : Cell{"doesn't fit", Tone::bad};
        rows.push_back({{std::to_string(node.node.value)},
                        {std::to_string(node.sectors)},
                        {std::to_string(node.files)},
                        {std::to_string(node.pages)},
                        {size_text(node.needed.bytes)},
                        {size_text(node.memory.bytes)},
                        left});
    }
    std::string text = fmt::format("{} of {} at a time, two files each, in pages of {}:\n\n",
                                   tools::counted(std::stoul(options.parallel), "sector"), exact(plan.sector),
                                   tools::page_size_text(plan.page_size));
    text += table(terminal,
                  {{"NODE", Side::right},
                   {"SECTORS", Side::right},
                   {"FILES", Side::right},
                   {"PAGES", Side::right},
                   {"IN FILES", Side::right},
                   {"MEMORY", Side::right},
                   {"LEFT", Side::right}},
                  rows);
    if (!plan.fits()) {
        return text + "\nA node has less memory than that: fewer sectors at a time, or more nodes.\n";
    }
    if (is_for_boot(plan)) {
        text +=
            "\nOn the kernel's command line (GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub and\n"
            "a reboot), since these can seldom be had later:\n\n  " +
            kernel_command_line(plan, machine) + "\n";
    }
    return text + "\nThen, once and after each reboot:\n\n  " + setup_command(plan, options.path) + "\n";
}

nlohmann::ordered_json as_report(const Plan& plan, const Machine& machine, const PlanOptions& options) {
    nlohmann::ordered_json nodes = nlohmann::ordered_json::array();
    for (const NodePlan& node : plan.nodes) {
        nodes.push_back({{"node", node.node.value},
                         {"sectors", node.sectors},
                         {"files", node.files},
                         {"pages", node.pages},
                         {"needed_bytes", node.needed.bytes},
                         {"memory_bytes", node.memory.bytes},
                         {"left_bytes", node.left().bytes},
                         {"fits", node.fits()}});
    }
    return {{"sector_bytes", plan.sector.bytes},
            {"page_bytes", plan.page_size.bytes},
            {"fits", plan.fits()},
            {"nodes", nodes},
            {"kernel_command_line", kernel_command_line(plan, machine)},
            {"setup_command", setup_command(plan, options.path)}};
}

Action checked(const PlanOptions& options) {
    constexpr std::size_t kMostSectors = 2048;  // of two files each
    const Machine machine = read_machine();
    PlanRequest request;
    request.sector = size_of("--sector", options.sector);
    request.parallel = count_of("--parallel", options.parallel, kMostSectors);
    for (const Share& share : shares_of(options.node, 1, machine)) {
        request.nodes.push_back(share.node);
    }
    request.page_size = page_size_of(options.page_size, machine);
    const Plan plan = make_plan(request, machine);
    return [=] {
        print(options.json ? as_json("plan", as_report(plan, machine, options))
                           : as_text(plan, machine, options));
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
    app->add_option("--parallel", options->parallel,
                    "Sectors labelled at a time, on all nodes\ntogether. Default: 1")
        ->option_text("N");
    app->add_option("--node", options->node, "Nodes: all, 0,1 or 0-3. Default: all")->option_text("NODES");
    app->add_option("--page-size", options->page_size,
                    "auto, 1GiB or 2MiB. Default: auto, the larger one\nof which a sector is a whole number")
        ->option_text("SIZE");
    app->add_option("--path", options->path, "Folder for the files. Default: /mnt/huge/pc1")
        ->option_text("DIR");
    app->add_flag("--json", options->json, "For programs: see hugepagectl(8)");
    app->footer(
        "Example:\n"
        "  hugepagectl plan --sector 32GiB --parallel 6\n"
        "\n"
        "Exit status: 0 it fits, 4 it doesn't.");
    app->callback([options, &chosen] { chosen = checked(*options); });
}

}  // namespace ctl
