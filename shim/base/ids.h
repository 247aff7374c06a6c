// Numbers of CPUs and of nodes, which must not be mixed up; sets of them, and the kernel's way of writing
// them: "0-3,8,10-11".
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <optional>
#include <string_view>

namespace hugepage {

// The kernel's limit on nodes (MAX_NUMNODES), and more CPUs than there are in any machine for this. Sets of
// CPUs are on the stack of a request, so no more than need be.
inline constexpr int kMaxNodes = 1024;
inline constexpr int kMaxCpus = 4096;

// A NUMA node, 0 <= value < kMaxNodes.
struct NodeId {
    int value = 0;

    constexpr auto operator<=>(const NodeId&) const noexcept = default;
};

// A logical CPU, 0 <= value < kMaxCpus.
struct CpuId {
    int value = 0;

    constexpr auto operator<=>(const CpuId&) const noexcept = default;
};

// Of ids from 0 to below kLimit. Laid out as the kernel's masks of CPUs and nodes, so data() goes to the
// system calls as it is.
template <class Id, int kLimit>
class IdSet {
  public:
    static constexpr std::size_t kBits = kLimit;
    static constexpr std::size_t kBytes = kBits / 8;

    [[nodiscard]] bool contains(Id id) const noexcept {
        return (words_[word(id)] >> (id.value % kWordBits) & 1) != 0;
    }
    void insert(Id id) noexcept { words_[word(id)] |= 1UL << (id.value % kWordBits); }
    void remove(Id id) noexcept { words_[word(id)] &= ~(1UL << (id.value % kWordBits)); }
    // Only those that are in the other too.
    void intersect(const IdSet& other) noexcept {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            words_[i] &= other.words_[i];
        }
    }
    [[nodiscard]] bool intersects(const IdSet& other) const noexcept {
        IdSet both = *this;
        both.intersect(other);
        return !both.empty();
    }
    [[nodiscard]] bool empty() const noexcept {
        return std::ranges::all_of(words_, [](unsigned long w) { return w == 0; });
    }
    [[nodiscard]] int count() const noexcept {
        int bits = 0;
        for (const unsigned long w : words_) {
            bits += std::popcount(w);
        }
        return bits;
    }
    // The least, if there is any.
    [[nodiscard]] std::optional<Id> first() const noexcept {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            if (words_[i] != 0) {
                return Id{static_cast<int>(i) * kWordBits + std::countr_zero(words_[i])};
            }
        }
        return std::nullopt;
    }
    // The only one, if there is one.
    [[nodiscard]] std::optional<Id> single() const noexcept { return count() == 1 ? first() : std::nullopt; }

    [[nodiscard]] unsigned long* data() noexcept { return words_.data(); }
    [[nodiscard]] const unsigned long* data() const noexcept { return words_.data(); }

    friend bool operator==(const IdSet&, const IdSet&) = default;

  private:
    static constexpr int kWordBits = 64;
    static_assert(sizeof(unsigned long) * 8 == kWordBits, "written for 64-bit Linux");
    static_assert(kLimit % kWordBits == 0);
    static std::size_t word(Id id) noexcept { return static_cast<std::size_t>(id.value / kWordBits); }

    std::array<unsigned long, kBits / kWordBits> words_{};
};

using CpuSet = IdSet<CpuId, kMaxCpus>;
using NodeSet = IdSet<NodeId, kMaxNodes>;

// Adds "3", or "0-7". False, and nothing is added, if it is neither, runs backwards, or isn't below the
// limit.
template <class Id, int kLimit>
[[nodiscard]] bool insert_range(IdSet<Id, kLimit>& ids, std::string_view range) noexcept;

// Blank or empty text is the empty set, as of a node without CPUs. Nothing if it is not a list, a range runs
// backwards, or a number is not below the limit.
[[nodiscard]] std::optional<CpuSet> parse_cpu_list(std::string_view text) noexcept;
[[nodiscard]] std::optional<NodeSet> parse_node_list(std::string_view text) noexcept;

}  // namespace hugepage
