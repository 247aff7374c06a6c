// Where hugepagectl keeps what it must remember until the next reboot.
#pragma once

namespace ctl {

inline constexpr const char* kRunFolder = "/run/hugepage-shim";

}  // namespace ctl
