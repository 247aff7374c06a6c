#include "shim/base/topology.h"

#include "shim/base/text.h"
#include "shim/base/text_file.h"

#include <array>
#include <cerrno>

namespace hugepage {
namespace {

// The list of ids in the file, however long it is.
template <class Set>
Result<Set> read_list(const char* path) noexcept {
    Set ids;
    bool is_list = true;
    std::array<char, 256> buffer;
    const auto read = for_each_part(path, ',', buffer, [&](std::string_view part) {
        const std::string_view range = trimmed(part);  // none in the list of a node without CPUs
        is_list = is_list && (range.empty() || insert_range(ids, range));
    });
    if (!read) {
        return read.error();
    }
    if (!is_list) {
        return Error{"read", EINVAL};
    }
    return ids;
}

}  // namespace

Topology::Topology(const char* sysfs_root) noexcept : folder_(sysfs_root) {
    folder_.append("/devices/system/node");
}

Result<NodeSet> Topology::online() const noexcept {
    auto path = folder_;
    path.append("/online");
    const auto nodes = read_list<NodeSet>(path.c_str());
    if (nodes || nodes.error().code != ENOENT) {
        return nodes;
    }
    NodeSet only;
    only.insert(NodeId{0});
    return only;
}

Status Topology::for_each_node(FunctionRef<void(NodeId node, const CpuSet& cpus)> visit) const noexcept {
    const auto listed = online();
    if (!listed) {
        return listed.error();
    }
    NodeSet nodes = listed.value();
    while (const auto node = nodes.first()) {
        nodes.remove(*node);
        const auto cpus = cpus_of(*node);
        if (cpus) {
            visit(*node, cpus.value());
        } else if (cpus.error().code == ENOENT) {
            visit(*node, CpuSet{});
        } else {
            return cpus.error();
        }
    }
    return Done{};
}

Result<CpuSet> Topology::cpus_of(NodeId node) const noexcept {
    auto path = folder_;
    append(path, "/node", node.value, "/cpulist");
    return read_list<CpuSet>(path.c_str());
}

std::optional<NodeId> Topology::single_node_of(const CpuSet& cpus) const noexcept {
    NodeSet nodes;
    NodeSet of_these;
    const auto visited = for_each_node([&](NodeId node, const CpuSet& node_cpus) {
        nodes.insert(node);
        if (node_cpus.intersects(cpus)) {
            of_these.insert(node);
        }
    });
    if (!visited) {
        return std::nullopt;
    }
    return nodes.count() == 1 ? nodes.first() : of_these.single();
}

NodeSet Topology::nodes_with_memory() const noexcept {
    auto path = folder_;
    path.append("/has_memory");
    if (const auto nodes = read_list<NodeSet>(path.c_str())) {
        return nodes.value();
    }
    const auto all = online();
    return all ? all.value() : NodeSet{};
}

// The file has a number for each node that is online, by their numbers; 10 is for the node itself.
std::optional<NodeId> Topology::nearest(NodeId node, const NodeSet& candidates) const noexcept {
    if (candidates.contains(node)) {
        return node;
    }
    auto path = folder_;
    append(path, "/node", node.value, "/distance");
    std::optional<NodeId> found;
    std::uint64_t least = UINT64_MAX;
    const auto listed = online();
    NodeSet columns = listed ? listed.value() : NodeSet{};
    std::array<char, 256> buffer;
    static_cast<void>(for_each_part(path.c_str(), ' ', buffer, [&](std::string_view part) {
        const std::string_view number = trimmed(part);
        if (number.empty() || columns.empty()) {
            return;
        }
        const NodeId column = *columns.first();
        columns.remove(column);
        const auto distance = parse_number(number, UINT32_MAX);
        if (candidates.contains(column) && distance && *distance < least) {
            least = *distance;
            found = column;
        }
    }));
    return found ? found : candidates.first();
}

}  // namespace hugepage
