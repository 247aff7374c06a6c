#include "shim/request/node_choice.h"

#include "shim/base/sys.h"

#include <linux/mempolicy.h>

namespace hugepage {
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

}  // namespace hugepage
