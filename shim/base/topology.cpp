#include "shim/base/topology.h"

#include "shim/base/sys.h"
#include "shim/base/text.h"
#include "shim/base/text_file.h"

#include <linux/mempolicy.h>

#include <algorithm>
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

namespace {

struct Policy {
    int mode = MPOL_DEFAULT;
    NodeSet nodes;
};

// The kernel takes the number of bits plus one (see the notes of get_mempolicy(2)).
std::optional<Policy> ask_for_policy(unsigned flags) noexcept {
    Policy policy;
    if (sys::call(SYS_get_mempolicy, &policy.mode, policy.nodes.data(), NodeSet::kBits + 1, nullptr, flags) !=
        0) {
        return std::nullopt;
    }
    policy.mode &= ~MPOL_MODE_FLAGS;
    return policy;
}

NodeSet allowed_nodes(const Policy& policy, const Topology& topology) noexcept {
    NodeSet nodes = topology.nodes_with_memory();
    const auto narrow_to = [&](const NodeSet& others) {
        if (nodes.intersects(others)) {
            nodes.intersect(others);
        }
    };
    if (const auto cpuset = ask_for_policy(MPOL_F_MEMS_ALLOWED)) {
        narrow_to(cpuset->nodes);
    }
    if (policy.mode == MPOL_BIND) {
        narrow_to(policy.nodes);
    }
    return nodes;
}

std::optional<NodeId> node_of_policy(const Policy& policy) noexcept {
    const bool names_nodes =
        policy.mode == MPOL_BIND || policy.mode == MPOL_PREFERRED || policy.mode == MPOL_PREFERRED_MANY;
    return names_nodes ? policy.nodes.single() : std::nullopt;
}

std::optional<NodeId> node_of_affinity(const Topology& topology) noexcept {
    CpuSet cpus;
    if (sys::call(SYS_sched_getaffinity, 0, CpuSet::kBytes, cpus.data()) < 0) {
        return std::nullopt;
    }
    return topology.single_node_of(cpus);
}

NodeId node_of_current_cpu() noexcept {
    unsigned cpu = 0;
    unsigned node = 0;
    sys::call(SYS_getcpu, &cpu, &node, nullptr);
    return NodeId{static_cast<int>(node)};
}

}  // namespace

NodeChoice choose_node(std::optional<NodeId> fixed, const Topology& topology) noexcept {
    using Source = NodeChoice::Source;
    const Policy policy = ask_for_policy(0).value_or(Policy{});
    const NodeSet allowed = allowed_nodes(policy, topology);
    constexpr int kLocal = 4;  // MPOL_LOCAL
    const bool has_policy = policy.mode != MPOL_DEFAULT && policy.mode != kLocal;
    if (fixed) {
        return {*fixed, Source::variable, has_policy, allowed};
    }
    const auto choice = [&](NodeId node, Source source) -> NodeChoice {
        return {topology.nearest(node, allowed).value_or(node), source, has_policy, allowed};
    };
    if (const auto node = node_of_policy(policy)) {
        return choice(*node, Source::policy);
    }
    if (const auto node = allowed.single()) {
        return choice(*node, Source::allowed);
    }
    if (const auto node = node_of_affinity(topology)) {
        return choice(*node, Source::affinity);
    }
    return choice(node_of_current_cpu(), Source::current);
}

Result<Placement> placement_of(const void* begin, std::size_t length, ByteSize page_size, NodeId node,
                               std::size_t most_checked) noexcept {
    const std::size_t pages = length / page_size.bytes;
    const std::size_t samples = std::min(pages, most_checked);
    Placement placement;
    for (; placement.checked < samples; ++placement.checked) {
        const std::size_t page = sampled_page(placement.checked, samples, pages);
        const auto* const address = static_cast<const std::byte*>(begin) + page * page_size.bytes;
        int found = 0;
        if (sys::call(SYS_get_mempolicy, &found, nullptr, 0, address, MPOL_F_NODE | MPOL_F_ADDR) != 0) {
            if (errno != EFAULT) {
                return Error{"get_mempolicy", errno};
            }
            ++placement.absent;
        } else if (found != node.value) {
            ++placement.elsewhere;
            placement.other = NodeId{found};
        }
    }
    return placement;
}

}  // namespace hugepage
