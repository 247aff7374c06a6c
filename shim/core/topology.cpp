#include "shim/core/topology.h"

#include "shim/core/format.h"
#include "shim/core/slice.h"
#include "shim/core/text_file.h"

#include <array>

namespace hugepage {
namespace {

constexpr std::string_view kNodePrefix = "node";

std::optional<NodeId> node_of_name(std::string_view name) noexcept {
    if (!name.starts_with(kNodePrefix)) {
        return std::nullopt;
    }
    const auto number = parse_number(from(name, kNodePrefix.size()), kMaxNodes - 1);
    return number ? std::optional(NodeId{static_cast<int>(*number)}) : std::nullopt;
}

}  // namespace

Topology::Topology(const char* sysfs_root) noexcept : folder_(sysfs_root) {
    folder_.append("/devices/system/node");
}

Status Topology::for_each_node(FunctionRef<void(NodeId node, const CpuSet& cpus)> visit) const noexcept {
    Status outcome = Done{};
    bool any = false;
    const auto listed = for_each_entry(folder_.c_str(), [&](std::string_view name) {
        const auto node = node_of_name(name);
        if (!node || !outcome) {
            return;
        }
        any = true;
        const auto cpus = cpus_of(*node);
        if (cpus) {
            visit(*node, cpus.value());
        } else {
            outcome = cpus.error();
        }
    });
    if (!listed && listed.error().code != ENOENT) {
        return listed;
    }
    if (!any) {
        visit(NodeId{0}, CpuSet{});
    }
    return outcome;
}

Result<CpuSet> Topology::cpus_of(NodeId node) const noexcept {
    auto path = folder_;
    append(path, "/", kNodePrefix, node.value, "/cpulist");
    std::array<char, 1024> text;  // machines have few ranges a node
    const auto content = read_text(path.c_str(), text);
    if (!content) {
        return content.error();
    }
    const auto cpus = parse_cpu_list(content.value());
    if (!cpus) {
        return Error{"read", EINVAL};
    }
    return *cpus;
}

Result<std::optional<NodeId>> Topology::single_node_of(const CpuSet& cpus) const noexcept {
    int nodes = 0;
    int nodes_of_cpus = 0;
    NodeId last{};
    NodeId last_of_cpus{};
    const auto visited = for_each_node([&](NodeId node, const CpuSet& node_cpus) {
        ++nodes;
        last = node;
        if (node_cpus.intersects(cpus)) {
            ++nodes_of_cpus;
            last_of_cpus = node;
        }
    });
    if (!visited) {
        return visited.error();
    }
    if (nodes == 1) {
        return std::optional(last);
    }
    return nodes_of_cpus == 1 ? std::optional(last_of_cpus) : std::nullopt;
}

}  // namespace hugepage
