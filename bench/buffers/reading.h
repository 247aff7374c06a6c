// What is done with buffers once they are there: whether they are zero and in place, and how fast they can be
// read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace peers {

using Memory = std::span<std::uint8_t>;

// What reading a word of each 4 KiB, at an offset that differs from page to page, has found.
struct Inspection {
    std::size_t not_zero = 0;     // words that weren't
    std::size_t page_faults = 0;  // of this thread meanwhile: pages that weren't in place, nearly
};
[[nodiscard]] Inspection inspect(std::span<const Memory> buffers);

// Writes to every byte, so that whoever gets this memory next has something to clear.
void leave_something(std::span<const Memory> buffers);

// Seconds for a read of 32 bytes at a random place, which is a label's size and alignment. Random: the next
// place is known before the last is read, as producers and sealers' prefetching have it. Dependent: it isn't,
// so that nothing hides how long a read takes. The buffers must have one size, a power of two.
[[nodiscard]] double random_read_seconds(std::span<const Memory> buffers, std::size_t reads);
[[nodiscard]] double dependent_read_seconds(std::span<const Memory> buffers, std::size_t reads);

}  // namespace peers
