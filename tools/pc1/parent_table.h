// The parents of every node of a sector, computed ahead and held in memory: 56 bytes a node, so 1.75 times
// the sector.
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
    // Called by the computing thread itself now and then, with the number of nodes that are done.
    using OnProgress = std::function<void(std::uint64_t nodes_done)>;

    // Shares the work between `threads` threads, the calling one included. Throws std::bad_alloc if there is
    // no memory; if the system grants fewer threads it makes do with those.
    [[nodiscard]] static ParentTable compute(const ParentSource& source, unsigned threads,
                                             const OnProgress& on_progress);

    [[nodiscard]] std::uint64_t nodes() const override { return nodes_; }
    void parents(std::uint64_t first, std::size_t count, ParentRow* rows) const override;

  private:
    explicit ParentTable(std::uint64_t nodes);

    std::uint64_t nodes_;
    std::unique_ptr<ParentRow[]> rows_;
};

}  // namespace pc1
