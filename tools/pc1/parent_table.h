// The parents of every node of a sector, computed ahead and held in memory: 56 bytes a node, so 1.75 times
// the sector.
#pragma once

#include "tools/pc1/graph.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace pc1 {

// Once computed it is immutable and may be read by many threads.
class ParentTable {
  public:
    // Called by the computing thread itself now and then, with the number of nodes that are done.
    using OnProgress = std::function<void(std::uint64_t nodes_done)>;

    // Shares the work between `threads` threads, the calling one included. Throws std::bad_alloc if there is
    // no memory; if the system grants fewer threads it makes do with those.
    [[nodiscard]] static ParentTable compute(const Graph& graph, unsigned threads,
                                             const OnProgress& on_progress);

    [[nodiscard]] std::uint64_t nodes() const { return nodes_; }

    [[nodiscard]] const ParentRow& row(std::uint64_t node) const { return rows_[node]; }

    // All rows as they lie in memory: on a little-endian machine the bytes of upstream's parent cache file.
    [[nodiscard]] std::span<const ParentRow> rows() const { return {rows_.get(), nodes_}; }

  private:
    explicit ParentTable(std::uint64_t nodes);

    std::uint64_t nodes_;
    std::unique_ptr<ParentRow[]> rows_;
};

}  // namespace pc1
