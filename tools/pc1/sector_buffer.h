// Memory for the labels of one layer, taken from the system exactly as sealers take it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace pc1 {

// How sealers get their two buffers.
enum class Allocation {
    // The multicore path: mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0), then
    // mlock;
    // where that is refused, munmap and the same mmap again.
    kMmap,
    // The single-core path: calloc(1, size).
    kCalloc,
    // What the shim gives the single-core path without a pool: the same mmap, without mlock.
    kUnlocked,
};

// Owns the memory; movable. A buffer that was moved from may only be destroyed or assigned to.
class SectorBuffer {
  public:
    // Throws std::system_error if there is no memory. `advice`, if not 0, is madvise's, for its whole pages;
    // given before it is locked, which puts all pages in place.
    SectorBuffer(Allocation allocation, std::size_t size, int advice = 0);

    [[nodiscard]] std::uint8_t* data() const { return data_.get(); }
    [[nodiscard]] std::size_t size() const { return data_.get_deleter().size; }
    [[nodiscard]] std::span<std::uint8_t> bytes() const { return {data(), size()}; }

    [[nodiscard]] bool is_locked() const {
        return data_.get_deleter().allocation == Allocation::kMmap && lock_error_ == 0;
    }

    // Why mlock refused, as errno; 0 if it did not or was not asked.
    [[nodiscard]] int lock_error() const { return lock_error_; }

  private:
    // munmap of exactly what was mapped, or free.
    struct Release {
        Allocation allocation;
        std::size_t size;
        void operator()(std::uint8_t* data) const;
    };

    std::unique_ptr<std::uint8_t[], Release> data_;
    int lock_error_ = 0;
};

}  // namespace pc1
