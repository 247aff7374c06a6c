// hugepage-file-init: creates memory files of huge pages, by the command line of the worker that it comes
// from.
//
// stdout gets the list of files and nothing else; stderr gets messages and, on a terminal, the progress.
#include "tools/common/command_line.h"
#include "tools/common/failure.h"
#include "tools/pool/setup.h"
#include "tools/pool/touch.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace {

void describe(CLI::App& app, pool::RequestOptions& options) {
    app.get_formatter()->column_width(26);
    app.set_help_flag("-h,--help", "Show this help and exit");
    app.set_version_flag("-V,--version", "hugepage-file-init " FILE_INIT_VERSION,
                         "Show the version and exit");
    const auto add = std::bind_front(tools::add_option, std::ref(app));
    add("-n,--node,--numa_node_index", options.node, "N",
        "NUMA node that all memory comes from.\nDefault: the node, if there is only one");
    add("-c,--num,--number_of_files", options.num, "C", "Number of files. Default: 1");
    add("-s,--size", options.size, "S",
        "Size of each file, e.g. 32GiB (binary), 2MB (decimal)\nor bytes; whole huge pages. Needed");
    add("--path", options.path, "DIR",
        "Folder on hugetlbfs; the files go to\nDIR/numa_<N>. This or --path-pattern is needed");
    add("--path_pattern,--path-pattern", options.pattern, "PATTERN",
        "Folder for the files, with $NUMA_NODE_INDEX for the\nnode's number (quote it: the shell knows $ "
        "too).\n"
        "Wins over --path");
    add("--user", options.user, "U", "Owner of the files, name or number. Default: you");
    add("--group", options.group, "G", "Group of the files, name or number. Default: yours");
    add("--mode", options.mode, "M", "Permissions of the files, in octal, none for others.\nDefault: 0600");
    add("--threads", options.threads, "T",
        "Threads that touch the pages, on the node's CPUs.\nDefault: one for each of them, at most " +
            std::to_string(pool::kMostThreads));
    app.footer(
        "Files that are there already and right are kept. One that is wrong is an\n"
        "error; nothing is ever deleted or replaced. Either all files are created or,\n"
        "also if interrupted, none.\n"
        "\n"
        "Example:\n"
        "  sudo mount -t hugetlbfs -o pagesize=2M none /mnt/huge\n"
        "  echo 32768 | sudo tee "
        "/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages\n"
        "  sudo hugepage-file-init --node 0 --num 2 --size 32GiB --path /mnt/huge\n"
        "\n"
        "Exit status: 0 all files are there, 1 failed, 2 wrong usage, 5 no permission,\n"
        "128+n interrupted by signal n.");
}

// One node: the one that was asked for, or the only one there is.
std::string node_of(const std::string& text, const ctl::Machine& machine) {
    if (text.find_first_not_of("0123456789") != std::string::npos) {
        tools::refuse("--node: '{}' is not a node (a number from 0).", text);
    }
    if (text.empty() && machine.nodes.size() != 1) {
        tools::refuse("--node is needed: this machine has the nodes {}.", machine.node_list());
    }
    return text.empty() ? std::to_string(machine.nodes.front().id.value) : text;
}

std::string list_of(const char* heading, const std::vector<std::string>& paths) {
    return paths.empty() ? "" : fmt::format("{}\n{}\n", heading, fmt::join(paths, "\n"));
}

tools::ExitCode run(int argc, const char* const* argv) {
    const std::span words(argv, static_cast<std::size_t>(argc));
    if (argc > 2 && std::string_view(words[1]) == "store" &&
        std::string_view(words[2]) == "hugepage-file-init") {
        argc -= 2;
        argv += 2;
    }
    CLI::App app("Creates files of huge pages on one NUMA node, for hugepage-shim to hand out.",
                 "hugepage-file-init");
    pool::RequestOptions options{.num = "1", .page_size = "auto"};
    describe(app, options);
    if (auto text = tools::parse(app, argc, argv)) {
        tools::print(*text);
        return tools::ExitCode::done;
    }
    const ctl::Machine machine = ctl::read_machine();
    options.node = node_of(options.node, machine);
    const pool::Request request = pool::request_of(options, machine);
    const tools::Interrupts interrupts;
    const auto plan = pool::make_plan(request, pool::look_at_machine(request), pool::Purpose::create_only);
    const pool::NodePlan& node = plan.nodes.front();
    if (!node.create.empty()) {
        pool::create(plan, interrupts);
    }
    tools::print(list_of("Created hugepage memory files:", node.create) +
                 list_of("Kept hugepage memory files (already right):", node.keep));
    return tools::ExitCode::done;
}

}  // namespace

int main(int argc, char** argv) {
    return tools::run_main(
        "hugepage-file-init", [&](std::string&) { return run(argc, argv); },
        "interrupted, nothing was created");
}
