// Numbers that must not be mixed up: which node, which CPU.
#pragma once

#include <compare>

namespace hugepage {

// The kernel's limits: MAX_NUMNODES, and the largest NR_CPUS a distribution builds with.
inline constexpr int kMaxNodes = 1024;
inline constexpr int kMaxCpus = 8192;

// A NUMA node, 0 <= value < kMaxNodes.
struct NodeId {
    int value = 0;

    constexpr auto operator<=>(const NodeId&) const noexcept = default;
};

// A logical CPU, 0 <= value < kMaxCpus.
struct CpuId {
    int value = 0;

    constexpr auto operator<=>(const CpuId&) const noexcept = default;
};

}  // namespace hugepage
