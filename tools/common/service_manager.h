// What systemd is told by a program that it runs (sd_notify(3)).
#pragma once

#include <string_view>

namespace tools {

// One line, which `systemctl status` shows until the unit is started again; the unit must have
// NotifyAccess=main. Does nothing where no service manager runs this program, or where it can't be told.
void tell_service_manager(std::string_view status);

}  // namespace tools
