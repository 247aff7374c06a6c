// Which mount a file is on, as the kernel's list of mounts tells it.
#pragma once

#include <optional>
#include <string>

namespace file_init {

struct Mount {
    std::string point;
    std::string type;  // as in "mount -t"
    // A hugetlbfs mount with min_size= holds pages back for its own files. The kernel counts them as
    // reserved, so for files on it that count says too much.
    bool holds_pages_back = false;
};

// Nothing if the kernel does not tell (no /proc, or older than 5.8): only messages are the poorer for it.
[[nodiscard]] std::optional<Mount> mount_of(int fd);

// One line of /proc/self/mountinfo, if it is about the mount of that id.
[[nodiscard]] std::optional<Mount> mount_in_line(const std::string& line, unsigned long long id);

}  // namespace file_init
