// Which CPUs belong to which node, as sysfs tells it at this moment.
#pragma once

#include "shim/core/cpu_list.h"
#include "shim/core/fixed_string.h"
#include "shim/core/function_ref.h"
#include "shim/core/node_id.h"
#include "shim/core/result.h"

#include <optional>

namespace hugepage {

// Holds nothing but where sysfs is: each question is answered from <sysfs_root>/devices/system/node anew, in
// some tens of microseconds, so CPUs that come and go are seen and no lock is needed. Node ids may have
// holes; a node may have no CPUs. A kernel built or started without NUMA has no such folder: then there is
// one node, 0, and nothing is known of its CPUs.
class Topology {
  public:
    explicit Topology(const char* sysfs_root = "/sys") noexcept;

    // Calls for each node that is online, in no order, with its CPUs that are online.
    [[nodiscard]] Status for_each_node(
        FunctionRef<void(NodeId node, const CpuSet& cpus)> visit) const noexcept;

    // The node's CPUs that are online; ENOENT if there is no such node.
    [[nodiscard]] Result<CpuSet> cpus_of(NodeId node) const noexcept;

    // The node that all CPUs of the set lie in; nothing if they lie in several, or in none that is known.
    [[nodiscard]] Result<std::optional<NodeId>> single_node_of(const CpuSet& cpus) const noexcept;

  private:
    FixedString<256> folder_;
};

}  // namespace hugepage
