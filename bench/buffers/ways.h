// Two buffers of one size, asked for in the way that is named; the first is what an unmodified sealer does,
// the third what its single-core path does, and the others are what some kinds of huge pages need in a
// program's source.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace peers {

enum class Way {
    kMmap,          // mmap(NULL, size, RW, PRIVATE|ANONYMOUS, -1, 0); munmap
    kMadvise,       // the same, then madvise(MADV_HUGEPAGE)
    kCalloc,        // calloc(1, size); free
    kMapHugetlb,    // mmap with MAP_HUGETLB and the page's size; munmap
    kLibhugetlbfs,  // get_hugepage_region(size, GHR_STRICT); free_hugepage_region
};

// How every page is put into place.
struct Readying {
    bool by_mlock = false;  // as sealers do with what they have mapped
    unsigned threads = 1;   // else: so many write to each page of their share
};

struct Request {
    Way way = Way::kMmap;
    std::size_t bytes = 0;
    std::size_t page_size = 0;  // for kMapHugetlb
    Readying readying;
};

// Loads what the way needs, before anything is timed: a program that is linked to a library has it by then,
// too. Throws std::runtime_error if that isn't installed.
void prepare(const Request& request);

class Buffer {
  public:
    // Throws std::runtime_error, with the call and the system's reason, if there is no memory or it can't be
    // locked.
    explicit Buffer(const Request& request);
    Buffer(Buffer&& other) noexcept : way_(other.way_), memory_(std::exchange(other.memory_, {})) {}
    Buffer& operator=(Buffer&&) = delete;
    ~Buffer();

    [[nodiscard]] std::span<std::uint8_t> memory() const { return memory_; }

  private:
    Way way_;
    std::span<std::uint8_t> memory_;
};

// Both one after the other, as a sealer.
[[nodiscard]] std::vector<Buffer> take_two(const Request& request);

}  // namespace peers
