// The systemd that runs on this system, if one does.
#pragma once

#include <string>

namespace ctl {

[[nodiscard]] bool systemd_runs();

// After units have changed. Throws tools::Failure.
void reload_systemd();

// What systemctl says of a unit in a word: "active", "enabled". Empty if it says nothing.
[[nodiscard]] std::string unit_state(const std::string& question, const std::string& unit);

}  // namespace ctl
