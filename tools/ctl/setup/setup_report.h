// What setup has done, or would do, for people and for programs.
#pragma once

#include "tools/ctl/setup/setup.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace ctl {

[[nodiscard]] std::string setup_text(const SetupReport& report, const SetupRequest& request,
                                     const Machine& machine);
[[nodiscard]] nlohmann::ordered_json setup_json(const SetupReport& report, const SetupRequest& request,
                                                const Machine& machine);

// For --dry-run: comments, and commands to paste.
[[nodiscard]] std::string setup_preview_text(const SetupPlan& plan, const SetupRequest& request,
                                             const Machine& machine);
[[nodiscard]] nlohmann::ordered_json setup_preview_json(const SetupPlan& plan, const SetupRequest& request);

}  // namespace ctl
