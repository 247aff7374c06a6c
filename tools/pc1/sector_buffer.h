// Memory for the labels of one layer, taken from the system exactly as sealers take it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pc1 {

// How sealers get their two buffers: the multicore path maps and locks anonymous memory, the single-core path
// has the allocator give zeroed memory.
enum class Allocation { kMmap, kCalloc };

// Owns the memory; movable. A buffer that was moved from may only be destroyed or assigned to.
class SectorBuffer {
  public:
    // mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0), then mlock; where that is
    // refused, munmap and the same mmap again. Throws std::system_error if there is no memory.
    [[nodiscard]] static SectorBuffer map_and_lock(std::size_t size);

    // calloc(1, size). Throws std::system_error if there is no memory.
    [[nodiscard]] static SectorBuffer zero_allocate(std::size_t size);

    [[nodiscard]] static SectorBuffer get(Allocation allocation, std::size_t size);

    SectorBuffer(SectorBuffer&& other) noexcept;
    SectorBuffer& operator=(SectorBuffer&& other) noexcept;

    // munmap of exactly what was mapped, or free.
    ~SectorBuffer();

    [[nodiscard]] std::uint8_t* data() const { return data_; }
    [[nodiscard]] std::size_t size() const { return size_; }

    [[nodiscard]] bool is_locked() const { return allocation_ == Allocation::kMmap && lock_error_ == 0; }

    // Why mlock refused, as errno; 0 if it did not or was not asked.
    [[nodiscard]] int lock_error() const { return lock_error_; }

  private:
    SectorBuffer(Allocation allocation, void* data, std::size_t size, int lock_error);

    Allocation allocation_;
    std::uint8_t* data_;
    std::size_t size_;
    int lock_error_;
};

}  // namespace pc1
