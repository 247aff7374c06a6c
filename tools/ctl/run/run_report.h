// What run --report says at the end. Pure.
#pragma once

#include "tools/ctl/program/shim_log.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace ctl {

// Several lines, for stderr.
[[nodiscard]] std::string summary_text(const RunSummary& summary);
[[nodiscard]] nlohmann::ordered_json summary_report(const RunSummary& summary, int wait_status);

}  // namespace ctl
