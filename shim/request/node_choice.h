// Which node is to serve the calling thread.
#pragma once

#include "shim/base/ids.h"
#include "shim/base/topology.h"

#include <optional>

namespace hugepage {

struct NodeChoice {
    enum class Source {
        variable,  // HUGEPAGE_NODE
        policy,    // the one node of the thread's memory policy, bind or preferred
        allowed,   // the one node that the thread may have memory of (cpuset)
        affinity,  // the one node that the thread's CPUs lie in
        current,   // where the thread happens to run: a snapshot, it may move on
    };
    NodeId node;
    Source source = Source::current;
    bool has_policy = false;  // the thread has a memory policy other than the system's own
    // The nodes that the thread may have memory of: those that have some, and are in its cpuset, and in the
    // set of its policy if that is to bind. All nodes, where nothing of this can be asked.
    NodeSet allowed;
};

// In the order of Source, the first that gives an answer; where that is a node without memory, or one that
// isn't allowed, the nearest that is. Only the variable's word is taken as it is. Asks the kernel by bare
// system calls; what isn't permitted or can't be read gives no answer.
[[nodiscard]] NodeChoice choose_node(std::optional<NodeId> fixed, const Topology& topology) noexcept;

}  // namespace hugepage
