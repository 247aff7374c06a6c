#include "shim/core/placement.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace hugepage {

Result<Placement> placement_of(const void* begin, std::size_t length, ByteSize page_size, NodeId node,
                               std::size_t most_checked) noexcept {
    constexpr std::size_t kBatch = 128;
    const std::size_t pages = length / page_size.bytes;
    const std::size_t samples = std::min(pages, most_checked);
    std::array<const void*, kBatch> addresses;
    std::array<int, kBatch> nodes;
    Placement placement;
    while (placement.checked < samples) {
        const std::size_t batch = std::min(kBatch, samples - placement.checked);
        for (std::size_t i = 0; i < batch; ++i) {
            const std::size_t page = sampled_page(placement.checked + i, samples, pages);
            addresses[i] = static_cast<const std::byte*>(begin) + page * page_size.bytes;
        }
        constexpr const int* kAskOnly = nullptr;
        if (::syscall(SYS_move_pages, 0, batch, addresses.data(), kAskOnly, nodes.data(), 0) != 0) {
            return Error{"move_pages", errno};
        }
        for (std::size_t i = 0; i < batch; ++i) {
            if (nodes[i] < 0) {
                ++placement.absent;
            } else if (nodes[i] != node.value) {
                ++placement.elsewhere;
                placement.other = NodeId{nodes[i]};
            }
        }
        placement.checked += batch;
    }
    return placement;
}

}  // namespace hugepage
