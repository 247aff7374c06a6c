#include "shim/fallback.h"

#include "shim/core/address_range.h"
#include "shim/core/sys.h"
#include "shim/next.h"

#include <linux/mempolicy.h>
#include <sys/mman.h>

namespace hugepage {

void improve(void* memory, std::size_t length, const NodeChoice& choice) noexcept {
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    const Range pages = Range{begin, begin + length}.narrowed_to(ByteSize{page_bytes()});
    if (pages.empty() || sys::is_filtered()) {
        return;
    }
    next::kernel::madvise(pages.address(), pages.length(), MADV_HUGEPAGE);
    if (!choice.has_policy) {
        NodeSet node;
        node.insert(choice.node);
        sys::call(SYS_mbind, pages.address(), pages.length(), MPOL_PREFERRED, node.data(), NodeSet::kBits + 1,
                  0);
    }
}

}  // namespace hugepage
