// What remove has done, or would do, for people and for programs.
#pragma once

#include "tools/ctl/setup/removing.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace ctl {

[[nodiscard]] std::string remove_text(const RemoveReport& report);
[[nodiscard]] nlohmann::ordered_json remove_json(const RemoveReport& report);

// For --dry-run: comments, and commands to paste.
[[nodiscard]] std::string remove_preview_text(const RemovePlan& plan);
[[nodiscard]] nlohmann::ordered_json remove_preview_json(const RemovePlan& plan);

}  // namespace ctl
