// One node, as the kernel's calls of memory policy take it.
#pragma once

#include "shim/base/ids.h"

#include <array>
#include <cstddef>

namespace pool {

class NodeMask {
  public:
    // The kernel takes one bit less than it is told.
    static constexpr unsigned long kBits = hugepage::kMaxNodes + 1;

    NodeMask() = default;
    explicit NodeMask(hugepage::NodeId node) {
        const auto index = static_cast<std::size_t>(node.value);
        words_[index / kWord] = 1UL << (index % kWord);
    }
    [[nodiscard]] unsigned long* data() { return words_.data(); }

  private:
    static constexpr std::size_t kWord = sizeof(unsigned long) * 8;
    std::array<unsigned long, hugepage::kMaxNodes / kWord + 1> words_{};
};

}  // namespace pool
