// What doctor says of the mounts of hugetlbfs.
#pragma once

#include "tools/ctl/base/machine.h"
#include "tools/ctl/doctor/finding.h"

#include <optional>
#include <string>
#include <vector>

namespace ctl {

struct MountFacts {
    std::string point;
    ByteSize page_size;
    std::optional<ByteSize> limit;  // size=
    bool nosuid = false;
    bool nodev = false;
    bool noexec = false;
};
// Of hugetlbfs alone. Reads the file systems' own account of themselves.
[[nodiscard]] std::vector<MountFacts> mount_facts(const std::vector<tools::Mount>& mounts);

// Pure: over facts.
[[nodiscard]] Findings check_mounts(const std::vector<MountFacts>& mounts, const Machine& machine);

}  // namespace ctl
