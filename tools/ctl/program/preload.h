// LD_PRELOAD, and which of the shim's two libraries is in it; where those libraries are.
#pragma once

#include "tools/ctl/program/environment.h"

#include <string>
#include <string_view>
#include <vector>

namespace ctl {

inline constexpr std::string_view kLibrary = "libhugepage_shim.so";
inline constexpr std::string_view kHeapLibrary = "libhugepage_shim_heap.so";

// The names in it, in their order; blanks and colons separate them.
[[nodiscard]] std::vector<std::string> preloaded_names(std::string_view value);

// Whether it names that library, in whatever folder.
[[nodiscard]] bool names_library(std::string_view value, std::string_view library);

// The value with the library in front. Its other names of the shim's libraries are left out: two copies of
// the shim would keep two tables of the same memory.
[[nodiscard]] std::string with_library(const std::string& value, const std::string& path);

// Whether a sealer with these variables takes its buffers by calloc: PC1 on a single core does, which is the
// proofs library's default; on several cores it maps them.
[[nodiscard]] bool needs_heap(const Environment& environment);

// Where the library of hugepagectl `program` may be, best first: the folder of the build that the program is
// in, then those of an installation. They depend on the program's path alone, so that one build serves every
// prefix and every kind of package.
[[nodiscard]] std::vector<std::string> library_places(const std::string& program, bool heap);

// The path. Throws tools::Failure (usage) if it can't stand in LD_PRELOAD.
[[nodiscard]] std::string preloadable(const std::string& path);

// The library's whole path: `given` if not empty, else the first of library_places() that is there. Throws
// tools::Failure (usage) if there is none, or its path can't stand in LD_PRELOAD. `executable`: this
// program's own path.
[[nodiscard]] std::string find_library(const std::string& given, bool heap, const std::string& executable);

// Of /proc/self/exe.
[[nodiscard]] std::string own_executable();

}  // namespace ctl
