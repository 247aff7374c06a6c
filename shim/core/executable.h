// Which program this process runs.
#pragma once

namespace hugepage {

// Whether the glob (as for file names in the shell: * ? [...]) matches the name of the executable's file, or
// its whole path if the glob has a slash. A script's executable is its interpreter. False if the kernel
// doesn't say (no /proc). Allocates nothing in the C locale, in which every program starts; errno is not
// kept.
[[nodiscard]] bool executable_matches(const char* glob) noexcept;

}  // namespace hugepage
