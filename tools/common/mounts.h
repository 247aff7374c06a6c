// The mounts that this process sees, as libmount reads them.
#pragma once

#include "shim/base/byte_size.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tools {

struct Mount {
    std::uint64_t id = 0;  // as statx(2) tells it of a file
    std::string point;
    std::string type;         // as in "mount -t"
    std::string options;      // of the file system, not of the mount: "rw,pagesize=2M"
    std::string source = {};  // what was said to be mounted: for hugetlbfs any word

    [[nodiscard]] bool is_hugetlbfs() const { return type == "hugetlbfs"; }
    // A hugetlbfs mount with min_size= holds pages back for its own files. The kernel counts them as
    // reserved, so for files on it that count says too much.
    [[nodiscard]] bool holds_pages_back() const;
    // Of a hugetlbfs mount. (The kernel says it as "2M" or "1024M".)
    [[nodiscard]] std::optional<hugepage::ByteSize> page_size() const;
};

// In the order they were made, so that of two at one point the later one is seen. Empty if the kernel does
// not tell.
[[nodiscard]] std::vector<Mount> mounts(const std::string& list = "/proc/self/mountinfo");

// Nothing if the kernel does not tell (no /proc, or older than 5.8): only messages are the poorer for it.
[[nodiscard]] std::optional<Mount> mount_of(int fd);

}  // namespace tools
