// Where the pages of a mapping really are, as the kernel answers it.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/ids.h"
#include "shim/base/result.h"

#include <cstddef>

namespace hugepage {

struct Placement {
    std::size_t checked = 0;    // pages asked about
    std::size_t elsewhere = 0;  // of these, on another node than the one asked for
    NodeId other{};             // one such node, if there are any
    std::size_t absent = 0;     // of these, not there, and not to be read in

    [[nodiscard]] bool mostly_elsewhere() const noexcept { return elsewhere * 2 > checked; }
};

// Which page is looked at as the n-th (sample < samples <= pages) of an even sample of the pages.
[[nodiscard]] constexpr std::size_t sampled_page(std::size_t sample, std::size_t samples,
                                                 std::size_t pages) noexcept {
    return samples == 1 ? 0 : sample * (pages - 1) / (samples - 1);
}

// Asks get_mempolicy(2) about the pages of a mapping of huge (or other) pages of one size; a page that is not
// there yet is read in. Up to most_checked pages are looked at: all if there are no more, else an even sample
// that includes the first and the last. Fails with the kernel's errno where the question is not allowed, as
// in some containers. (Not move_pages(2): filters of system calls take that for one that changes something.)
[[nodiscard]] Result<Placement> placement_of(const void* begin, std::size_t length, ByteSize page_size,
                                             NodeId node, std::size_t most_checked) noexcept;

}  // namespace hugepage
