// Where the parents of a sector's nodes come from: computed at each use (graph.h), held in memory
// (parent_table.h), or read from a file (parent_file.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pc1 {

inline constexpr std::size_t kNodeBytes = 32;
inline constexpr std::size_t kBaseParents = 6;
inline constexpr std::size_t kExpanderParents = 8;
inline constexpr std::size_t kParents = kBaseParents + kExpanderParents;

// The parents of one node in the order in which they are hashed: six base parents (labels of the same layer),
// then eight expander parents (labels of the layer before). This is also the record of upstream's parent
// cache file. Base parents are lower than the node, but for those of node 0, which are 0; expander parents
// are any nodes of the sector.
using ParentRow = std::array<std::uint32_t, kParents>;

// The nodes first .. last - 1.
struct NodeRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;

    [[nodiscard]] std::uint64_t size() const { return last - first; }
};

// All members may be called from many threads at once.
class ParentSource {
  public:
    virtual ~ParentSource() = default;

    [[nodiscard]] virtual std::uint64_t nodes() const = 0;

    // The rows of the nodes first .. first + count - 1, all of which must exist; best for some dozens at a
    // time. Throws std::runtime_error, with a message for the user, if they cannot be had.
    virtual void parents(std::uint64_t first, std::size_t count, ParentRow* rows) const = 0;
};

}  // namespace pc1
