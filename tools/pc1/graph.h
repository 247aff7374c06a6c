// The graph of a sector: which earlier and other labels each label is made from (sections 2 to 5 of the SDR
// specification).
#pragma once

#include "tools/pc1/bytes.h"
#include "tools/pc1/drsample.h"
#include "tools/pc1/feistel.h"
#include "tools/pc1/parent_source.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pc1 {

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

// Immutable. Computing a row takes about a tenth of the time that hashing its node takes.
class Graph : public ParentSource {
  public:
    // 1 <= nodes <= kMostNodes. Takes up to 0.1 s, for the largest sectors.
    Graph(std::uint64_t nodes, ApiVersion version, const Bytes32& porep_id,
          const Chacha8Kernel& chacha8 = best_chacha8_kernel());

    [[nodiscard]] std::uint64_t nodes() const override { return nodes_; }

    void parents(std::uint64_t first, std::size_t count, ParentRow* rows) const override;

  private:
    Graph(std::uint64_t nodes, ApiVersion version, const GraphKeys& keys, const Chacha8Kernel& chacha8);

    std::uint64_t nodes_;
    ApiVersion version_;
    DrSampler sampler_;
    FeistelPermutation expander_;
};

}  // namespace pc1
