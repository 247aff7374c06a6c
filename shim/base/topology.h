// Which nodes there are, with which CPUs, and how far apart, as sysfs tells it at this moment.
#pragma once

#include "shim/base/function_ref.h"
#include "shim/base/ids.h"
#include "shim/base/result.h"
#include "shim/base/text.h"

#include <optional>

namespace hugepage {

// Holds nothing but where sysfs is: each question is answered from <sysfs_root>/devices/system/node anew, in
// some tens of microseconds, so CPUs that come and go are seen and no lock is needed. Node ids may have
// holes; a node may have no CPUs, or no memory. A kernel built or started without NUMA has no such folder:
// then there is one node, 0, and nothing is known of its CPUs.
class Topology {
  public:
    explicit Topology(const char* sysfs_root = "/sys") noexcept;

    // Calls for each node that is online, in the order of their numbers, with its CPUs that are online.
    [[nodiscard]] Status for_each_node(
        FunctionRef<void(NodeId node, const CpuSet& cpus)> visit) const noexcept;

    // The node's CPUs that are online; ENOENT if there is no such node.
    [[nodiscard]] Result<CpuSet> cpus_of(NodeId node) const noexcept;

    // The node that all CPUs of the set lie in; nothing if they lie in several, or in none that is known.
    [[nodiscard]] std::optional<NodeId> single_node_of(const CpuSet& cpus) const noexcept;

    // The nodes that have memory; where the kernel doesn't say, all that are online.
    [[nodiscard]] NodeSet nodes_with_memory() const noexcept;

    // The candidate that the kernel takes to be nearest to the node, which may be the node itself; of
    // several, the one with the least number, as where nothing is known of distances. Nothing if there is no
    // candidate.
    [[nodiscard]] std::optional<NodeId> nearest(NodeId node, const NodeSet& candidates) const noexcept;

  private:
    [[nodiscard]] Result<NodeSet> online() const noexcept;

    FixedString<256> folder_;
};

}  // namespace hugepage
