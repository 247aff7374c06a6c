// The variables of a process; among them LD_PRELOAD, and which of the shim's two libraries is in it.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ctl {

// Values by names.
using Environment = std::map<std::string, std::string>;
[[nodiscard]] Environment own_environment();
// With which the process was started. Throws tools::Failure: there is no such process (failed), it may not be
// looked at (no_permission).
[[nodiscard]] Environment environment_of(pid_t pid, const std::string& proc = "/proc");
// Empty if it isn't set.
[[nodiscard]] std::string value_of(const Environment& environment, const std::string& name);

inline constexpr std::string_view kLibrary = "libhugepage_shim.so";
inline constexpr std::string_view kHeapLibrary = "libhugepage_shim_heap.so";

// Whether LD_PRELOAD's value names that library, in whatever folder.
[[nodiscard]] bool names_library(std::string_view value, std::string_view library);
// The value with the library in front. Its other names of the shim's libraries are left out: two copies of
// the shim would keep two tables of the same memory.
[[nodiscard]] std::string with_library(const std::string& value, const std::string& path);

// Whether a sealer with these variables takes its buffers by calloc: PC1 on a single core does, which is the
// proofs library's default; on several cores it maps them.
[[nodiscard]] bool needs_heap(const Environment& environment);

// The library's whole path: `given` if not empty, else where it is beside hugepagectl, whose path is
// `executable`: in the build, else in the installation, so that one build serves every prefix and kind of
// package. Throws tools::Failure (usage) if there is none, or its path can't stand in LD_PRELOAD.
[[nodiscard]] std::string find_library(const std::string& given, bool heap, const std::string& executable);

// Of /proc/self/exe.
[[nodiscard]] std::string own_executable();

}  // namespace ctl
