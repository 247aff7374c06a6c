// Which node is to serve the calling thread.
#pragma once

#include "shim/core/node_id.h"
#include "shim/core/topology.h"

#include <optional>

namespace hugepage {

struct NodeChoice {
    enum class Source {
        variable,  // HUGEPAGE_NODE
        policy,    // the one node of the thread's memory policy, bind or preferred
        affinity,  // the one node that the thread's CPUs lie in
        current,   // where the thread happens to run: a snapshot, it may move on
    };
    NodeId node;
    Source source = Source::current;
};

// In the order of Source, the first that gives an answer. Asks the kernel by bare system calls; what isn't
// allowed or can't be read gives no answer.
[[nodiscard]] NodeChoice choose_node(std::optional<NodeId> fixed, const Topology& topology) noexcept;

}  // namespace hugepage
