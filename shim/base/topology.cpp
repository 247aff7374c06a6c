#include "shim/base/topology.h"

#include "shim/base/text.h"
#include "shim/base/text_file.h"

#include <array>
#include <cerrno>

namespace hugepage {
namespace {

constexpr std::string_view kNodePrefix = "node";

std::optional<NodeId> node_of_name(std::string_view name) noexcept {
    if (!name.starts_with(kNodePrefix)) {
        return std::nullopt;
    }
    const auto number = parse_number(drop(name, kNodePrefix.size()), kMaxNodes - 1);
    return number ? std::optional(NodeId{static_cast<int>(*number)}) : std::nullopt;
}

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
    NodeSet nodes;
    const auto listed = for_each_entry(folder_.c_str(), [&](std::string_view name) {
        if (const auto node = node_of_name(name)) {
            nodes.insert(*node);
        }
    });
    if (!listed && listed.error().code != ENOENT) {
        return listed.error();
    }
    if (nodes.empty()) {
        nodes.insert(NodeId{0});
    }
    return nodes;
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
    append(path, "/", kNodePrefix, node.value, "/cpulist");
    return read_list<CpuSet>(path.c_str());
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
    append(path, "/", kNodePrefix, node.value, "/distance");
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
