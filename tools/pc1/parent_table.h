// The parents of the nodes of a sector, computed ahead and held in memory: 56 bytes a node, so 1.75 times the
// sector.
#pragma once

#include "tools/pc1/parent_source.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace pc1 {

// Once computed it is immutable and may be read by many threads.
class ParentTable : public ParentSource {
  public:
    // Called on the calling thread now and then, with the number of nodes that are done; an exception from
    // it ends the work.
    using OnProgress = std::function<void(std::uint64_t nodes_done)>;

    // Of the nodes in `range`, the only ones that may be asked for then. Shares the work between `threads`
    // threads, the calling one included. Throws std::bad_alloc if there is no memory; if the system grants
    // fewer threads it makes do with those. The source must not throw.
    [[nodiscard]] static ParentTable compute(const ParentSource& source, NodeRange range, unsigned threads,
                                             const OnProgress& on_progress);

    [[nodiscard]] std::uint64_t nodes() const override { return nodes_; }
    void parents(std::uint64_t first, std::size_t count, ParentRow* rows) const override;

  private:
    ParentTable(std::uint64_t nodes, NodeRange range);

    std::uint64_t nodes_;
    NodeRange range_;
    std::unique_ptr<ParentRow[]> rows_;
};

}  // namespace pc1
