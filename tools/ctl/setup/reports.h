// What setup and remove have done, or would do, for people and for programs.
#pragma once

#include "tools/pool/remove.h"
#include "tools/pool/setup.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace ctl {

[[nodiscard]] std::string setup_text(const pool::SetupReport& report, const pool::Request& request,
                                     const Machine& machine);
[[nodiscard]] nlohmann::ordered_json setup_json(const pool::SetupReport& report, const pool::Request& request,
                                                const Machine& machine);
// What reserves all pages that are there and all that are missing as the machine starts.
[[nodiscard]] std::string boot_arguments(const pool::Plan& plan, const Machine& machine);

[[nodiscard]] std::string remove_text(const pool::Undone& undone);
[[nodiscard]] nlohmann::ordered_json remove_json(const pool::Undone& undone);

// For --dry-run: comments, and commands to paste.
[[nodiscard]] std::string setup_preview_text(const pool::Plan& plan, const pool::Request& request,
                                             const Machine& machine);
[[nodiscard]] nlohmann::ordered_json setup_preview_json(const pool::Plan& plan, const pool::Request& request);
[[nodiscard]] std::string remove_preview_text(const pool::RemovePlan& plan);
[[nodiscard]] nlohmann::ordered_json remove_preview_json(const pool::RemovePlan& plan);

}  // namespace ctl
