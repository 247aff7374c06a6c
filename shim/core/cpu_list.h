// Sets of CPUs, and the kernel's way of writing them: "0-3,8,10-11".
#pragma once

#include "shim/core/node_id.h"

#include <array>
#include <bit>
#include <cstddef>
#include <optional>
#include <string_view>

namespace hugepage {

// Laid out as the kernel's affinity masks, so data() and kBytes go to sched_setaffinity(2) as they are.
class CpuSet {
  public:
    static constexpr std::size_t kBytes = kMaxCpus / 8;

    [[nodiscard]] bool contains(CpuId cpu) const noexcept {
        return (words_[word(cpu)] >> (cpu.value % kWordBits) & 1) != 0;
    }
    void insert(CpuId cpu) noexcept { words_[word(cpu)] |= 1UL << (cpu.value % kWordBits); }
    [[nodiscard]] bool intersects(const CpuSet& other) const noexcept {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            if ((words_[i] & other.words_[i]) != 0) {
                return true;
            }
        }
        return false;
    }
    [[nodiscard]] int count() const noexcept {
        int bits = 0;
        for (const unsigned long w : words_) {
            bits += std::popcount(w);
        }
        return bits;
    }
    [[nodiscard]] unsigned long* data() noexcept { return words_.data(); }
    [[nodiscard]] const unsigned long* data() const noexcept { return words_.data(); }

  private:
    static constexpr int kWordBits = 64;
    static_assert(sizeof(unsigned long) * 8 == kWordBits, "written for 64-bit Linux");
    static std::size_t word(CpuId cpu) noexcept { return static_cast<std::size_t>(cpu.value / kWordBits); }

    std::array<unsigned long, kMaxCpus / kWordBits> words_{};
};

// Blank or empty text is the empty set, as of a node without CPUs. Nothing if it is not a list, a range runs
// backwards, or a number is not below kMaxCpus.
[[nodiscard]] std::optional<CpuSet> parse_cpu_list(std::string_view text) noexcept;

}  // namespace hugepage
