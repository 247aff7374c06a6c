#include "tools/pool/plan.h"

#include "tools/common/failure.h"
#include "tools/common/values.h"
#include "tools/common/wording.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace ctl {
namespace {

std::string exact(ByteSize size) {
    return std::string(hugepage::to_exact_text(size).view());
}

ByteSize choose_page_size(const PlanRequest& request, const Machine& machine) {
    const auto divides = [&](ByteSize page) { return request.sector.bytes % page.bytes == 0; };
    if (request.page_size && divides(*request.page_size)) {
        return *request.page_size;
    }
    for (const ByteSize page : {k1GiB, k2MiB}) {
        if (!request.page_size && machine.has_page_size(page) && divides(page)) {
            return page;
        }
    }
    if (machine.page_sizes.empty()) {
        throw tools::Failure(
            tools::ExitCode::failed,
            "this kernel has no huge pages, or /sys can't be read; 'hugepagectl doctor' says more");
    }
    const ByteSize smallest = request.page_size.value_or(machine.page_sizes.front());
    tools::refuse(fmt::format("--sector: {} is no whole number of {}{}", request.sector_as_typed,
                              request.page_size ? "pages of " + tools::page_size_text(smallest)
                                                : std::string("huge pages of any size that this kernel has"),
                              size_hint(request.sector_as_typed, smallest)));
}

// What the node has, without what the files that are there already take.
void plan_node(NodePlan& node, const Plan& plan, const Node& facts, std::uint64_t there,
               std::uint64_t available) {
    const Pages pages = facts.pages_of(plan.page_size);
    const std::uint64_t missing = node.pages - std::min(node.pages, there);
    const std::uint64_t grow = missing - std::min(missing, available);
    std::uint64_t all = grow * plan.page_size.bytes;
    for (const Pages& of_size : facts.pages) {
        all += of_size.total * of_size.size.bytes;
    }
    const std::uint64_t used = pages.total - pages.free;
    node.other = used - std::min(used, there) + std::min(pages.free, missing) - available;
    node.memory = facts.memory;
    node.needed = {node.pages * plan.page_size.bytes};
    node.fits = grow <= facts.memory_for_pages() / plan.page_size.bytes;
    node.taken = {all - std::min(all, node.needed.bytes)};
    node.left = {node.fits ? facts.memory.bytes - std::min(facts.memory.bytes, all) : 0};
}

}  // namespace

bool Plan::fits() const noexcept {
    return std::ranges::all_of(nodes, &NodePlan::fits);
}

bool Plan::has_room_for_parents() const noexcept {
    return parents.bytes <=
           std::accumulate(nodes.begin(), nodes.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const NodePlan& node) { return sum + node.left.bytes; });
}

Plan make_plan(const PlanRequest& request, const Machine& machine) {
    constexpr std::size_t kBuffers = 2;  // the layer that is made, and the one before it
    constexpr std::uint64_t kLabel = 32;
    constexpr std::uint64_t kParentsOfLabel = 56;  // 14 numbers
    Plan plan{request.sector,
              choose_page_size(request, machine),
              {request.sector.bytes / kLabel * kParentsOfLabel},
              {}};
    const std::uint64_t pages_per_file = request.sector.bytes / plan.page_size.bytes;
    const std::size_t nodes = request.per_node ? 1 : request.nodes.size();
    const std::size_t more = request.parallel % nodes;
    std::map<NodeId, std::uint64_t> wanted;
    std::map<NodeId, std::uint64_t> there;
    for (std::size_t i = 0; i < request.nodes.size(); ++i) {
        NodePlan node;
        node.node = request.nodes[i];
        node.sectors = request.parallel / nodes + (i < more ? 1 : 0);
        node.files = node.sectors * kBuffers;
        node.pages = node.files * pages_per_file;
        const auto found = request.there.find(node.node);
        there[node.node] = found != request.there.end() ? found->second * pages_per_file : 0;
        wanted[node.node] = node.pages - std::min(node.pages, there[node.node]);
        plan.nodes.push_back(node);
    }
    const auto available =
        free_for_files(machine, plan.page_size, machine.promised_of(plan.page_size), wanted);
    for (NodePlan& node : plan.nodes) {
        plan_node(node, plan, *machine.find(node.node), there.at(node.node), available.at(node.node));
    }
    return plan;
}

std::string kernel_command_line(const Plan& plan, const Machine& machine) {
    std::vector<std::string> counts;
    for (const NodePlan& node : plan.nodes) {
        if (const std::uint64_t pages = node.pages + node.other; pages > 0) {
            counts.push_back(machine.nodes.size() == 1 ? std::to_string(pages)
                                                       : fmt::format("{}:{}", node.node.value, pages));
        }
    }
    return fmt::format("hugepagesz={} hugepages={}", tools::mount_size_text(plan.page_size),
                       fmt::join(counts, ","));
}

std::string setup_command(const std::vector<Share>& shares, ByteSize size, ByteSize page_size,
                          const std::string& where, const std::string& user) {
    std::vector<std::string> nodes;
    for (const Share& share : shares) {
        if (share.files > 0) {
            nodes.push_back(fmt::format("{}:{}", share.node.value, share.files));
        }
    }
    return fmt::format("sudo hugepagectl setup --size {} --node {}{} {}{}", exact(size),
                       fmt::join(nodes, ","), page_size.bytes > 0 ? " --page-size " + exact(page_size) : "",
                       where, user.empty() ? "" : " --user " + tools::quoted(user));
}

std::string size_hint(const std::string& size_as_typed, ByteSize page_size) {
    const auto binary = tools::in_binary_unit(size_as_typed);
    const auto size = binary ? binary : tools::parse_byte_size(size_as_typed);
    if (!size || page_size.bytes == 0 || size->bytes > UINT64_MAX - page_size.bytes) {
        return {};
    }
    const std::uint64_t pages = (size->bytes + page_size.bytes - 1) / page_size.bytes;
    return fmt::format("; did you mean {}?", exact({pages * page_size.bytes}));
}

}  // namespace ctl
