// Which sizes the pool's files have: all that is kept of the pool between requests.
//
// A size that was seen once stays known, also when its files are gone: then a request of this size is told
// of, or refused, instead of getting ordinary memory in silence. Any thread, at any time; no locks.
// Constant-initialised.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/file_pattern.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hugepage {

class KnownSizes {
  public:
    [[nodiscard]] bool contain(ByteSize size) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return sizes_.front().load() == 0; }
    // Or what is given, if that is less.
    [[nodiscard]] ByteSize smallest_or(ByteSize size) const noexcept;

    // Looks at all files of the pool, once a second at most, and tells of what it finds. True if it has seen
    // them all. An error that passes (the process has no descriptor left, say) doesn't count as a look.
    bool refresh(const FilePattern& pattern) noexcept;

  private:
    void insert(ByteSize size) noexcept;
    [[nodiscard]] bool look_at_files(const FilePattern& pattern) noexcept;

    // In the order in which they were found, then zeroes. Further ones are not kept.
    std::array<std::atomic<std::uint64_t>, 16> sizes_{};
    std::atomic<std::int64_t> looked_{0};  // the second after the last look
};

}  // namespace hugepage
