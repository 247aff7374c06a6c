#include "tools/common/huge_pages.h"

#include "shim/base/text.h"
#include "shim/base/text_file.h"

#include <algorithm>
#include <array>
#include <cerrno>

namespace hugepage {
namespace {

Result<std::uint64_t> read_count(const Path& folder, std::string_view name) noexcept {
    Path path = folder;
    path.append("/").append(name);
    std::array<char, 32> text;
    const auto content = read_text(path.c_str(), text);
    if (!content) {
        return content.error();
    }
    const auto count = parse_number(trimmed(content.value()), UINT64_MAX);
    if (!count) {
        return Error{"read", EINVAL};
    }
    return *count;
}

}  // namespace

Path huge_page_folder(const char* sysfs_root, ByteSize page_size, std::optional<NodeId> node) noexcept {
    const auto kib = page_size.bytes / 1024;
    Path folder(sysfs_root);
    if (node) {
        append(folder, "/devices/system/node/node", node->value, "/hugepages/hugepages-", kib, "kB");
    } else {
        append(folder, "/kernel/mm/hugepages/hugepages-", kib, "kB");
    }
    return folder;
}

Result<HugePageCounts> huge_page_counts(const char* sysfs_root, ByteSize page_size,
                                        std::optional<NodeId> node) noexcept {
    const Path folder = huge_page_folder(sysfs_root, page_size, node);
    const auto total = read_count(folder, "nr_hugepages");
    if (!total) {
        return total.error();
    }
    const auto free = read_count(folder, "free_hugepages");
    if (!free) {
        return free.error();
    }
    HugePageCounts counts{total.value(), free.value(), 0, 0};
    if (const auto surplus = read_count(folder, "surplus_hugepages")) {
        counts.surplus = std::min(surplus.value(), total.value());
    }
    if (!node) {
        const auto reserved = read_count(folder, "resv_hugepages");
        if (!reserved) {
            return reserved.error();
        }
        counts.reserved = reserved.value();
    }
    return counts;
}

}  // namespace hugepage
