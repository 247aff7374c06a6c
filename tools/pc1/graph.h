// The graph of a sector: which earlier and other labels each label is made from (sections 2 to 5 of the SDR
// specification).
#pragma once

#include "tools/pc1/bytes.h"
#include "tools/pc1/feistel.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pc1 {

inline constexpr std::size_t kNodeBytes = 32;
inline constexpr std::size_t kBaseParents = 6;
inline constexpr std::size_t kExpanderParents = 8;
inline constexpr std::size_t kParents = kBaseParents + kExpanderParents;

// Node numbers are 32 bits wide.
inline constexpr std::uint64_t kMostNodes = 0xffffffff;

// 1.0 places the predecessor last among the base parents and cuts expander indices to 32 bits; 1.1 and 1.2
// have the same graph.
enum class ApiVersion { kV1_0, kV1_1, kV1_2 };

[[nodiscard]] std::string_view to_text(ApiVersion version);

// Both are derived from the PoRep id.
struct GraphKeys {
    std::array<std::uint8_t, 28> drg_seed;
    std::array<std::uint64_t, 4> feistel;  // the last one is never used

    [[nodiscard]] static GraphKeys derive(const Bytes32& porep_id);
};

// The parents of one node in the order in which they are hashed: six base parents (labels of the same layer),
// then eight expander parents (labels of the layer before). This is also the record of upstream's parent
// cache file.
using ParentRow = std::array<std::uint32_t, kParents>;

// Immutable; all members may be called from many threads at once.
class Graph {
  public:
    // 1 <= nodes <= kMostNodes
    Graph(std::uint64_t nodes, ApiVersion version, const Bytes32& porep_id);

    [[nodiscard]] std::uint64_t nodes() const { return nodes_; }

    // The rows of the nodes first .. first + count - 1, all of which must exist; best for some dozens at a
    // time.
    void parents(std::uint64_t first, std::size_t count, ParentRow* rows) const;

  private:
    std::uint64_t nodes_;
    ApiVersion version_;
    GraphKeys keys_;
    FeistelPermutation expander_;
};

}  // namespace pc1
