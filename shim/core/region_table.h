// Which address ranges of this process are leased files.
#pragma once

#include "shim/core/byte_size.h"
#include "shim/core/mutex.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hugepage {

struct Region {
    std::uintptr_t begin = 0;
    std::size_t length = 0;
    ByteSize page_size;  // unmapping less than a whole one of these is what the kernel refuses
};

// Ranges are given as begin and length, in bytes; begin + length must not overflow.
//
// A fixed number of slots; constant-initialised, never destroyed. Changes are made under a lock. Questions
// take none: a thread may only ask about memory that is its own to unmap, and such a region was entered
// before the thread came by its address.
class RegionTable {
  public:
    static constexpr std::size_t kCapacity = 256;

    // False if the table is full.
    [[nodiscard]] bool insert(const Region& region) noexcept;

    // Whether any region lies in the range, wholly or in part.
    [[nodiscard]] bool overlaps(std::uintptr_t begin, std::size_t length) const noexcept;

    // Whether an end of the range lies inside one of a region's pages, in the way that munmap refuses.
    [[nodiscard]] bool splits_a_page(std::uintptr_t begin, std::size_t length) const noexcept;

    // Forgets what of each region lies in the range; what remains on either side stays. Returns how many
    // regions ended. (If both sides remain and no slot is left, the upper one is forgotten too.)
    std::size_t erase(std::uintptr_t begin, std::size_t length) noexcept;

    // One load.
    [[nodiscard]] std::size_t size() const noexcept { return count_.load(std::memory_order_acquire); }

    // For pthread_atfork: no other thread is halfway through a change while the process forks.
    void before_fork() noexcept;
    void after_fork() noexcept;

  private:
    // Free if end is 0. Written under the lock.
    struct Slot {
        std::atomic<std::uintptr_t> begin{0};
        std::atomic<std::uintptr_t> end{0};
        std::atomic<std::uint64_t> page_bytes{0};
    };

    [[nodiscard]] bool insert_locked(const Region& region) noexcept;

    std::array<Slot, kCapacity> slots_{};
    std::atomic<std::size_t> count_{0};
    std::atomic<std::size_t> used_{0};  // slots at and after this one have never been taken
    Mutex mutex_;
    SignalMask signals_before_fork_ = 0;  // under the lock
};

}  // namespace hugepage
