// The graph of a sector: which earlier and other labels each label is made from (sections 2 to 5 of the SDR
// specification).
#pragma once

#include "tools/pc1/bytes.h"
#include "tools/pc1/chacha8.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace pc1 {

inline constexpr std::size_t kNodeBytes = 32;
inline constexpr std::size_t kBaseParents = 6;
inline constexpr std::size_t kExpanderParents = 8;
inline constexpr std::size_t kParents = kBaseParents + kExpanderParents;

// Node numbers are 32 bits wide.
inline constexpr std::uint64_t kMostNodes = 0xffffffff;

// The parents of one node in the order in which they are hashed: six base parents (labels of the same layer),
// then eight expander parents (labels of the layer before). This is also the record of upstream's parent
// cache file. Base parents are lower than the node, except those of node 0, which are 0; expander parents
// are any nodes of the sector.
using ParentRow = std::array<std::uint32_t, kParents>;

// The nodes first .. last - 1.
struct NodeRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;

    [[nodiscard]] std::uint64_t size() const { return last - first; }
};

// 1.0 places the predecessor last among the base parents and cuts expander indices to 32 bits; 1.1 and 1.2
// have the same graph.
enum class ApiVersion { kV1_0, kV1_1, kV1_2 };

[[nodiscard]] std::string_view to_text(ApiVersion version);

// Called on the calling thread now and then, with the number of nodes that are done; an exception from it
// ends the work.
using OnProgress = std::function<void(std::uint64_t nodes_done)>;
inline constexpr auto kSilent = [](std::uint64_t) {};

// Where the parents of a sector's nodes come from.
class ParentSource {
  public:
    virtual ~ParentSource() = default;

    // The rows of the nodes first .. first + count - 1, all of which must exist; best for some dozens at a
    // time. May be called from many threads at once.
    virtual void parents(std::uint64_t first, std::size_t count, ParentRow* rows) const = 0;
};

// The permutation behind the expander parents: a Feistel network of three rounds, with cycle walking where
// the domain is no power of four.
//
// A round's function is a hash of one half of the number. A half has so few values (131,072 for a 32 GiB
// sector) that all are hashed beforehand: 1.5 MiB of tables take the place of the 48 hashes that a node would
// need. Immutable; thread-safe.
class FeistelPermutation {
  public:
    static constexpr std::size_t kRounds = 3;

    // Permutes 0 .. domain - 1, for 1 <= domain <= 2^35. Takes some 0.1 us for each entry of the tables, of
    // which there are less than six times the square root of the domain.
    FeistelPermutation(std::uint64_t domain, const std::array<std::uint64_t, kRounds>& keys);

    // images[i] = where first + i goes, i = 0 .. images.size() - 1, all of them within the domain. Fastest
    // with 64 or more at a time.
    void images(std::uint64_t first, std::span<std::uint64_t> images) const;

    // A round's function before it is cut to the half's bits: the first eight bytes of the BLAKE2b-512 of
    // be64(half) || be64(key), as be64.
    [[nodiscard]] static std::uint64_t hash(std::uint64_t half, std::uint64_t key);

  private:
    [[nodiscard]] std::uint64_t pass(std::uint64_t value) const;

    std::uint64_t domain_;
    unsigned half_bits_ = 1;  // the network permutes 0 .. 4^half_bits - 1
    std::uint64_t half_mask_ = 0;
    std::array<std::vector<std::uint32_t>, kRounds>
        round_;  // [the right half] -> what the left is xored with
};

// Both are derived from the PoRep id.
struct GraphKeys {
    std::array<std::uint32_t, 7> drg_seed;
    std::array<std::uint64_t, 4> feistel;  // the last one is never used

    [[nodiscard]] static GraphKeys derive(const Bytes32& porep_id);
};

// Immutable. Computing a row takes about a tenth of the time that hashing its node takes.
class Graph : public ParentSource {
  public:
    // 1 <= nodes <= kMostNodes. Takes up to 0.1 s, for the largest sectors.
    Graph(std::uint64_t nodes, ApiVersion version, const Bytes32& porep_id,
          const Chacha8Kernel& chacha8 = chacha8_kernels().front());

    [[nodiscard]] std::uint64_t nodes() const { return nodes_; }
    void parents(std::uint64_t first, std::size_t count, ParentRow* rows) const override;

  private:
    std::uint64_t nodes_;
    ApiVersion version_;
    GraphKeys keys_;
    Chacha8Kernel chacha8_;
    FeistelPermutation expander_;
};

// The SHA-256 of the rows of all nodes one after the other, 14 numbers le32 each, which is upstream's parent
// cache file (section 7 of the SDR specification). `threads` >= 1 threads compute rows ahead of it.
[[nodiscard]] Bytes32 digest_of_parents(const Graph& graph, unsigned threads,
                                        const OnProgress& on_progress = kSilent);

}  // namespace pc1
