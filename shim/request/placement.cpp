#include "shim/request/placement.h"

#include "shim/base/sys.h"

#include <linux/mempolicy.h>

#include <algorithm>

namespace hugepage {

Result<Placement> placement_of(const void* begin, std::size_t length, ByteSize page_size, NodeId node,
                               std::size_t most_checked) noexcept {
    const std::size_t pages = length / page_size.bytes;
    const std::size_t samples = std::min(pages, most_checked);
    Placement placement;
    for (; placement.checked < samples; ++placement.checked) {
        const std::size_t page = sampled_page(placement.checked, samples, pages);
        const auto* const address = static_cast<const std::byte*>(begin) + page * page_size.bytes;
        int found = 0;
        if (sys::call(SYS_get_mempolicy, &found, nullptr, 0, address, MPOL_F_NODE | MPOL_F_ADDR) != 0) {
            if (errno != EFAULT) {
                return Error{"get_mempolicy", errno};
            }
            ++placement.absent;
        } else if (found != node.value) {
            ++placement.elsewhere;
            placement.other = NodeId{found};
        }
    }
    return placement;
}

}  // namespace hugepage
