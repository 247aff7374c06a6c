// What doctor says of the pool: whether there are files that the shim would use, on the nodes where this
// process may have memory, two for each sector. Pure: over facts.
#pragma once

#include "tools/ctl/doctor/finding.h"
#include "tools/ctl/pool/pool_survey.h"

#include <optional>

namespace ctl {

// After find_holders() and look_at_pages().
[[nodiscard]] Findings check_pool(const PoolSurvey& pool);
// Where there is none that could be looked at.
[[nodiscard]] Finding no_pool(const std::string& why);

// `allowed`: nodes that the process may have memory of; nothing if that isn't known.
[[nodiscard]] Findings check_nodes(const PoolSurvey& pool, const Machine& machine,
                                   const std::optional<hugepage::NodeSet>& allowed);

// Whether any file would be used, free or not.
[[nodiscard]] bool has_usable_files(const PoolSurvey& pool);

}  // namespace ctl
