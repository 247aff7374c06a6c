#include "tools/ctl/plan/plan.h"

#include "tools/common/failure.h"
#include "tools/common/wording.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ctl {
namespace {

ByteSize choose_page_size(const PlanRequest& request, const Machine& machine) {
    const auto divides = [&](ByteSize page) { return request.sector.bytes % page.bytes == 0; };
    if (request.page_size) {
        if (!divides(*request.page_size)) {
            throw tools::Failure(tools::ExitCode::usage,
                                 fmt::format("--sector: {} is no whole number of pages of {}.",
                                             hugepage::to_exact_text(request.sector).view(),
                                             tools::page_size_text(*request.page_size)));
        }
        return *request.page_size;
    }
    for (const ByteSize page : {k1GiB, k2MiB}) {
        if (machine.has_page_size(page) && divides(page)) {
            return page;
        }
    }
    throw tools::Failure(tools::ExitCode::usage,
                         fmt::format("--sector: {} is no whole number of huge pages of any size that this "
                                     "kernel has; sectors are powers of two, as 32GiB (not 32GB).",
                                     hugepage::to_exact_text(request.sector).view()));
}

}  // namespace

bool Plan::fits() const noexcept {
    return std::ranges::all_of(nodes, &NodePlan::fits);
}

Plan make_plan(const PlanRequest& request, const Machine& machine) {
    constexpr std::size_t kBuffers = 2;  // the layer that is made, and the one before it
    Plan plan{request.sector, choose_page_size(request, machine), {}};
    const std::size_t each = request.parallel / request.nodes.size();
    const std::size_t more = request.parallel % request.nodes.size();
    for (std::size_t i = 0; i < request.nodes.size(); ++i) {
        NodePlan node;
        node.node = request.nodes[i];
        node.sectors = each + (i < more ? 1 : 0);
        node.files = node.sectors * kBuffers;
        node.pages = node.files * (request.sector.bytes / plan.page_size.bytes);
        node.needed = {node.pages * plan.page_size.bytes};
        node.memory = machine.find(node.node)->memory;
        plan.nodes.push_back(node);
    }
    return plan;
}

std::string kernel_command_line(const Plan& plan, const Machine& machine) {
    std::vector<std::string> counts;
    for (const NodePlan& node : plan.nodes) {
        if (node.pages > 0) {
            counts.push_back(machine.nodes.size() == 1 ? std::to_string(node.pages)
                                                       : fmt::format("{}:{}", node.node.value, node.pages));
        }
    }
    return fmt::format("hugepagesz={} hugepages={}", tools::mount_size_text(plan.page_size),
                       fmt::join(counts, ","));
}

}  // namespace ctl
