// What `hugepagectl boot` has done, would do, or has found, for people and for programs.
#pragma once

#include "tools/ctl/boot/boot_files.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace ctl {

struct BootReport {
    std::string action;  // "install", "remove", "show"
    bool is_done = false;
    std::string root;
    std::string config;
    // What is wrong with the configuration; then `changes` has only what is installed.
    std::string config_error;
    std::vector<UnitChange> changes;
    std::vector<std::string> services;  // that are served
    std::vector<std::string> notes;     // sentences
    // What systemd says of the boot service, where it runs and is asked; else empty.
    std::string active;
    std::string enabled;

    [[nodiscard]] bool is_as_configured() const {
        return config_error.empty() && !changes.empty() && changes_nothing(changes);
    }
};

[[nodiscard]] std::string boot_text(const BootReport& report);
[[nodiscard]] nlohmann::ordered_json boot_json(const BootReport& report);

// Lines that are in one of the texts only, "-" before those of the first and "+" before those of the second,
// in their order; what is in both is left out.
[[nodiscard]] std::string line_difference(const std::string& before, const std::string& after);

}  // namespace ctl
