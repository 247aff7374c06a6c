// Which address ranges of this process are leased files, and what their owner has said of them since.
//
// A file's memory comes in whole huge pages, its owner's calls in pages of 4 KiB. So the table keeps, to 4
// KiB, the pieces that are still mapped as the owner sees it. A byte that is in no piece, but in a huge page
// that another live byte keeps mapped, is in a hole: for the owner there is nothing.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/function_ref.h"
#include "shim/base/ids.h"
#include "shim/base/mutex.h"
#include "shim/base/range.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace hugepage {

// What the memory was asked for as, and what has been said of it since.
struct Traits {
    ByteSize page_size{};     // of the file: less can't be unmapped, protected or moved
    NodeId node{};            // where its pages are
    bool shared = false;      // asked for as MAP_SHARED
    int protection = 0;       // PROT_ bits, as the owner sees them
    bool locked = false;      // by mlock
    int advised_of_fork = 0;  // MADV_DONTFORK or MADV_DOFORK, if its owner has said so

    // On hugetlbfs, that is; not on tmpfs.
    [[nodiscard]] bool is_huge() const noexcept { return page_size.bytes > page_bytes(); }

    friend bool operator==(const Traits&, const Traits&) = default;
};

// Bytes of one region that are alike in all of that.
struct Piece {
    Range range;
    Traits traits;
    std::uint64_t region = 0;  // the number of the lease; two regions side by side stay two

    // The file's pages that have a byte of it.
    [[nodiscard]] Range pages() const noexcept { return range.widened_to(traits.page_size); }
};

// The longest uniform prefix of a range.
struct Segment {
    enum class Kind { other, hole, piece };
    Kind kind = Kind::other;
    Range range;
    Traits traits;  // of a piece
};

// A fixed number of pieces, in order; constant-initialised, never destroyed. Under one lock, held with
// signals blocked by the caller, except the two loads of may_concern: a thread asks about memory that is its
// own to unmap, and such a region was entered before the thread came by its address.
//
// Pieces and lock lie in memory that the kernel wipes for a child (MADV_WIPEONFORK, Linux 4.14): by whatever
// call it was made, it has no regions and an open lock. Until there is a first region, there is no such
// memory.
class RegionTable {
  public:
    static constexpr std::size_t kCapacity = 4096;

    // Whether the range could touch a region: false is certain. Two loads, and one in a process without any.
    [[nodiscard]] bool may_concern(std::uintptr_t begin, std::size_t length) const noexcept {
        return begin < highest_.load(std::memory_order_acquire) &&
               begin + length > lowest_.load(std::memory_order_acquire);
    }

    // The same for a call that is about what lies at `begin` also if its length is 0 or overflows.
    [[nodiscard]] bool may_concern_from(std::uintptr_t begin, std::size_t length) const noexcept {
        return begin < highest_.load(std::memory_order_acquire) &&
               begin + length + 1 >= lowest_.load(std::memory_order_acquire);
    }

    // False if the table is full, or there is no memory for it. What was known of these addresses is out of
    // date and forgotten: the kernel has given them anew.
    [[nodiscard]] bool insert(const Range& range, const Traits& traits) noexcept;

    // What lies at the beginning of the range, and how far it goes.
    [[nodiscard]] Segment segment_at(const Range& range) const noexcept;
    [[nodiscard]] bool overlaps(const Range& range) const noexcept;

    // The pages that have a byte of the range, unless one of them has a live byte outside of it too.
    [[nodiscard]] std::optional<Range> whole_pages(const Range& range, ByteSize page) const noexcept;

    // The first live piece in the range, or the part of it that lies there, is taken out of the table.
    // `emptied` are the file's pages that have no live byte any more: to be really unmapped.
    struct Taken {
        enum class Outcome { none, full, taken };
        Outcome outcome = Outcome::none;
        Piece piece;
        Range emptied;
    };
    [[nodiscard]] Taken take(const Range& range) noexcept;
    // When the kernel would not let go of it.
    void put_back(const Piece& piece) noexcept;

    // Whether there is room to forget just this range.
    [[nodiscard]] bool can_forget(const Range& range) const noexcept;
    // Everything live in the range has been replaced by something else. (Without room, a remainder above the
    // range is forgotten too.)
    void forget(const Range& range) noexcept;

    // Says something of every live byte in the range. False, and nothing is changed, if the table is full.
    [[nodiscard]] bool change(const Range& range, FunctionRef<void(Traits& traits)> set) noexcept;

    // Pieces.
    [[nodiscard]] std::size_t size() const noexcept;

    // The lock for turning a file into a mapping (find_region.cpp), which lies here because it must be open
    // in a child. Null if there is no memory for the table.
    [[nodiscard]] Mutex* leasing() noexcept;

  private:
    struct Wiped {
        Mutex mutex;
        Mutex leasing;
        std::size_t count;
        std::uint64_t regions_so_far;
        std::array<Piece, kCapacity + 2> pieces;  // two more while ends are cut off
    };

    [[nodiscard]] bool prepare() noexcept;
    [[nodiscard]] Mutex* mutex() const noexcept;  // null: there are no pieces
    [[nodiscard]] std::span<Piece> pieces() const noexcept;
    [[nodiscard]] std::size_t first_after(std::uintptr_t address) const noexcept;
    [[nodiscard]] bool has_live_byte(const Range& range) const noexcept;
    [[nodiscard]] bool can_forget_locked(const Range& range) const noexcept;
    [[nodiscard]] bool is_full() const noexcept { return pieces().size() >= kCapacity; }
    void insert_at(std::size_t index, const Piece& piece) noexcept;
    void remove(std::size_t from, std::size_t to) noexcept;
    std::size_t cut(std::uintptr_t address) noexcept;
    void forget_locked(const Range& range) noexcept;
    void join(std::size_t from, std::size_t to) noexcept;
    void set_count(std::size_t count) noexcept;

    std::atomic<Wiped*> wiped_{nullptr};
    // Around every region, whole huge pages; each is always right for a region that stays. A child begins
    // with its parent's, and finds nothing there. All zero at the start, so that the table takes no room in
    // the file.
    std::atomic<std::uintptr_t> lowest_{0};
    std::atomic<std::uintptr_t> highest_{0};
};

namespace state {
[[gnu::visibility("hidden")]] inline constinit RegionTable regions;  // config.h says why
}  // namespace state

}  // namespace hugepage
