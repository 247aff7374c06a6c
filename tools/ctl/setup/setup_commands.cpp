// What setup does, as somebody would type it in a shell.
#include "tools/common/wording.h"
#include "tools/ctl/setup/mounting.h"
#include "tools/ctl/setup/page_control.h"
#include "tools/ctl/setup/setup_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ctl {
namespace {

std::string exact(ByteSize size) {
    return std::string(hugepage::to_exact_text(size).view());
}

std::string ownership(const file_init::Request& files) {
    std::string text;
    if (files.owner) {
        text += fmt::format(" --user {}", *files.owner);
    }
    if (files.group) {
        text += fmt::format(" --group {}", *files.group);
    }
    if (files.mode) {
        text += fmt::format(" --mode {:04o}", *files.mode);
    }
    return text;
}

}  // namespace

std::string setup_arguments(const SetupRequest& request, ByteSize page_size, const std::string& where) {
    std::vector<std::string> nodes;
    for (const Share& share : request.shares) {
        nodes.push_back(fmt::format("{}:{}", share.node.value, share.files));
    }
    return fmt::format("--size {} --node {} --page-size {} {}{}", exact(request.files.size),
                       fmt::join(nodes, ","), exact(page_size), where, ownership(request.files));
}

std::vector<std::string> commands_of(const SetupPlan& plan, const SetupRequest& request,
                                     const std::string& sysfs) {
    std::vector<std::string> commands;
    if (!plan.folders.empty()) {
        commands.push_back("mkdir -p -m 0755 " + tools::quoted(plan.mount));
    }
    if (!plan.mount.empty()) {
        commands.push_back(fmt::format("mount -t hugetlbfs -o {} {} {}", mount_options(plan.page_size),
                                       kMountSource, tools::quoted(plan.mount)));
    }
    for (const NodeSetup& node : plan.nodes) {
        if (node.grow > 0) {
            commands.push_back(fmt::format("echo {} > {}", node.reserved + node.grow,
                                           count_file(sysfs, plan.page_size, node.node)));
        }
    }
    for (const NodeSetup& node : plan.nodes) {
        if (node.possible > 0) {
            const auto& threads = request.files.threads;
            commands.push_back(fmt::format("hugepage-file-init --node {} --num {} --size {} {}{}{}",
                                           node.node.value, node.keep.size() + node.possible,
                                           exact(plan.size), request.where, ownership(request.files),
                                           threads ? fmt::format(" --threads {}", *threads) : ""));
        }
    }
    return commands;
}

}  // namespace ctl
