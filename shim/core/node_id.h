// Numbers that must not be mixed up: which node, which CPU.
#pragma once

#include <compare>

namespace hugepage {

// The kernel's limit on nodes (MAX_NUMNODES), and more CPUs than there are in any machine for this. Sets of
// CPUs are on the stack of a request, so no more than need be.
inline constexpr int kMaxNodes = 1024;
inline constexpr int kMaxCpus = 4096;

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
