// System calls that fail from now on, by a seccomp filter: for all threads of the process and its children.
#pragma once

#include <string_view>

namespace probes {

inline constexpr int kKill = -1;
inline constexpr int kKillThread = -2;

// The name of a call, or of one use of it, and the error, or kKill: it ends the process, or kKillThread.
// False if the call is none of the table's, or the kernel has no filters.
[[nodiscard]] bool refuse(std::string_view call, int error);

// A descriptor from which to read that the call is about to be made, and to let it go on
// (seccomp_unotify(2)); -1 as above.
[[nodiscard]] int be_asked_of(std::string_view call);

}  // namespace probes
