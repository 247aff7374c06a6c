// Which nodes there are, with which CPUs, and how far apart, as sysfs tells it at this moment; which of them
// is to serve the calling thread; and on which of them memory really is.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/function_ref.h"
#include "shim/base/ids.h"
#include "shim/base/result.h"
#include "shim/base/text.h"

#include <cstddef>
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

// Where the pages of a mapping are, as the kernel answers it.
struct Placement {
    std::size_t checked = 0;    // pages asked about
    std::size_t elsewhere = 0;  // of these, on another node than the one asked for
    NodeId other{};             // one such node, if there are any
    std::size_t absent = 0;     // of these, not there, and not to be read in

    [[nodiscard]] bool mostly_elsewhere() const noexcept { return elsewhere * 2 > checked; }
};

// Which page is looked at as the n-th (sample < samples <= pages) of an even sample of the pages.
[[nodiscard]] constexpr std::size_t sampled_page(std::size_t sample, std::size_t samples,
                                                 std::size_t pages) noexcept {
    return samples == 1 ? 0 : sample * (pages - 1) / (samples - 1);
}

// Asks get_mempolicy(2) about the pages of a mapping of huge (or other) pages of one size; a page that is not
// there yet is read in. Up to most_checked pages are looked at: all if there are no more, else an even sample
// that includes the first and the last. Fails with the kernel's errno where the question is not allowed, as
// in some containers. (Not move_pages(2): filters of system calls take that for one that changes something.)
[[nodiscard]] Result<Placement> placement_of(const void* begin, std::size_t length, ByteSize page_size,
                                             NodeId node, std::size_t most_checked) noexcept;

}  // namespace hugepage
