// What doctor says of the mounts and of the pool: whether there are files that the shim would use, on the
// nodes where this process may have memory, two for each sector. Pure: over facts.
#pragma once

#include "tools/ctl/finding.h"
#include "tools/ctl/pool_survey.h"

#include <cstdint>
#include <optional>
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

// The memory policy that a command inherits (numactl).
struct Policy {
    enum class Kind { none, preferred, bind, other } kind = Kind::none;
    hugepage::NodeSet nodes;
};
// Of this thread.
[[nodiscard]] Policy own_policy();

[[nodiscard]] Findings check_mounts(const std::vector<MountFacts>& mounts, const Machine& machine);

// After find_holders() and judge_placement().
[[nodiscard]] Findings check_pool(const PoolSurvey& pool);
// Where there is none that could be looked at.
[[nodiscard]] Finding no_pool(const std::string& why);

// `allowed`: nodes that the process may have memory of, by its cpuset; nothing if that isn't known.
[[nodiscard]] Findings check_nodes(const PoolSurvey& pool, const Machine& machine,
                                   const std::optional<hugepage::NodeSet>& allowed, const Policy& policy);

// Whether any file would be used, free or not.
[[nodiscard]] bool has_usable_files(const PoolSurvey& pool);

}  // namespace ctl
