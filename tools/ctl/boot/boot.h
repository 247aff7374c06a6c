// What `hugepagectl boot` installs, worked out from the configuration and the system that is to boot.
#pragma once

#include "tools/ctl/boot/boot_files.h"

#include <string>
#include <vector>

namespace ctl {

struct BootOptions {
    std::string root;    // empty: this system
    std::string config;  // path in that system
    std::vector<std::string> services;
    bool heap = false;  // which library the services get
};

// Services that have a drop-in of ours keep it, beside those that are named. Reads only. Throws
// tools::Failure.
[[nodiscard]] BootRequest boot_request(const BootOptions& options, const std::vector<UnitFile>& installed);

// "lotus-worker" -> "lotus-worker.service". Throws tools::Failure (usage) for what is no service's name.
[[nodiscard]] std::string service_name(const std::string& text);

// The services that these have drop-ins for.
[[nodiscard]] std::vector<std::string> services_of(const std::vector<UnitFile>& installed);

}  // namespace ctl
