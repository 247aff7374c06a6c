#include "shim/node_choice.h"

#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <bit>

namespace hugepage {
namespace {

std::optional<NodeId> node_of_policy() noexcept {
    constexpr std::size_t kWordBits = 64;
    std::array<unsigned long, kMaxNodes / kWordBits> nodes{};
    int mode = MPOL_DEFAULT;
    // The kernel takes the number of bits plus one (see the notes of get_mempolicy(2)).
    if (::syscall(SYS_get_mempolicy, &mode, nodes.data(), kMaxNodes + 1, nullptr, 0) != 0) {
        return std::nullopt;
    }
    mode &= ~MPOL_MODE_FLAGS;
    if (mode != MPOL_BIND && mode != MPOL_PREFERRED && mode != MPOL_PREFERRED_MANY) {
        return std::nullopt;
    }
    std::optional<NodeId> single;
    for (std::size_t word = 0; word < nodes.size(); ++word) {
        if (nodes[word] == 0) {
            continue;
        }
        if (single || !std::has_single_bit(nodes[word])) {
            return std::nullopt;
        }
        single = NodeId{static_cast<int>(word * kWordBits) + std::countr_zero(nodes[word])};
    }
    return single;
}

std::optional<NodeId> node_of_affinity(const Topology& topology) noexcept {
    CpuSet cpus;
    if (::syscall(SYS_sched_getaffinity, 0, CpuSet::kBytes, cpus.data()) < 0) {
        return std::nullopt;
    }
    const auto node = topology.single_node_of(cpus);
    return node ? node.value() : std::nullopt;
}

NodeId node_of_current_cpu() noexcept {
    unsigned cpu = 0;
    unsigned node = 0;
    ::syscall(SYS_getcpu, &cpu, &node, nullptr);
    return NodeId{static_cast<int>(node)};
}

}  // namespace

NodeChoice choose_node(std::optional<NodeId> fixed, const Topology& topology) noexcept {
    if (fixed) {
        return {*fixed, NodeChoice::Source::variable};
    }
    if (const auto node = node_of_policy()) {
        return {*node, NodeChoice::Source::policy};
    }
    if (const auto node = node_of_affinity(topology)) {
        return {*node, NodeChoice::Source::affinity};
    }
    return {node_of_current_cpu(), NodeChoice::Source::current};
}

}  // namespace hugepage
